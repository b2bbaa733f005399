import { listAllowedMetrics } from '@sophia/core';
import type { Subscription } from '@sophia/event-log';
import { SophiaError } from '@sophia/shared';
import type { Call, EventFact, Position, ReadPoint, WorkspaceId } from '@sophia/types';
import type { Analytics } from './analytics.ts';
import type { Collaborators } from './collaborators.ts';
import { createCurrencies } from './currencies.ts';
import { type DrillDownOptions, drillDown } from './drill-down.ts';
import { explain } from './explain.ts';
import { exportMetrics } from './export-metrics.ts';
import { createFirstChanges } from './first-changes.ts';
import { createFreshnessTexts } from './freshness/freshness-texts.ts';
import { watchInterrupted } from './freshness/interrupted-watch.ts';
import { watchSetAside } from './freshness/set-aside-watch.ts';
import { createSourceActivities, followSources } from './freshness/source-activity.ts';
import { createSemanticLayers } from './models/semantic-layers.ts';
import { createPausableProjection } from './projection/pausable-projection.ts';
import { createPublishedReadPoint } from './projection/published-read-point.ts';
import { rebuildWarehouse } from './projection/rebuild.ts';
import { readPointOf, startWarehouseProjection, WAREHOUSE_GROUP } from './projection/warehouse-projection.ts';
import { createAsOfWaiting } from './queries/as-of-waiting.ts';
import { audited, objectOf } from './queries/audited.ts';
import { createMetricQueries } from './queries/metric-queries.ts';
import { createPreparedQueries } from './queries/prepared-queries.ts';
import { createWriteWaiting } from './queries/write-waiting.ts';
import { createRollups } from './rollups.ts';
import { createSourceSystems } from './source-systems.ts';
import { createWarming } from './warming.ts';
import { createWorkspaceKnowledge } from './workspace-knowledge.ts';

/** Starts the read side: the projection runs from here on, and answers state how far it is. */
export const createAnalytics = async (collaborators: Collaborators): Promise<Analytics> => {
  const { eventLog, warehouse, instance, answers, results, policies, audit, observability, clock } = collaborators;
  const { logger, slowQueries, metrics } = observability;
  const nothingApplied: ReadPoint = {
    tick: 0,
    position: `${(await eventLog.head()).epoch}.0.0` as Position,
    completeTo: new Date(0).toISOString(),
  };
  const published = createPublishedReadPoint(readPointOf(warehouse.applied(), nothingApplied));
  const layers = createSemanticLayers({ ...collaborators, logger });
  const sources = createSourceActivities();
  sources.load(await collaborators.readSourceActivity());
  const freshness = createFreshnessTexts(sources, clock);
  const currencies = createCurrencies(warehouse);
  const sourceSystems = createSourceSystems(warehouse);
  const firstChanges = createFirstChanges(warehouse);
  const rollups = createRollups(warehouse, logger);
  const prepared = createPreparedQueries({
    warehouse,
    clock,
    calendar: collaborators.calendar,
    rollups: rollups.available,
    onlyCurrency: currencies.only,
    onlySourceSystem: sourceSystems.only,
  });

  const knowledge = createWorkspaceKnowledge({ ...collaborators, layers, currencies, sourceSystems, rollups, prepared, logger });
  const writes = createWriteWaiting(eventLog, published);
  const asOf = createAsOfWaiting(published, clock);
  const queryDurations = metrics
    .histogram({ name: 'sophia_warehouse_query_duration_seconds', help: 'Time of one metric statement in the warehouse.' })
    .with();
  const batchDurations = metrics
    .histogram({
      name: 'sophia_projection_batch_duration_seconds',
      help: 'Time of one batch of events, from its hand-over to its read point.',
    })
    .with();
  const queries = createMetricQueries({
    warehouse,
    layers,
    policies,
    audit,
    prepared,
    answers,
    results,
    published,
    writes,
    asOf,
    know: knowledge.know,
    freshnessText: ({ workspace, recordTypes }, readPoint) => freshness.text(workspace, recordTypes, readPoint),
    firstChange: ({ workspace, compiled }) =>
      firstChanges.of(
        workspace,
        compiled.reads.map(({ recordType }) => recordType),
      ),
    asked: (of) => warming.asked(of),
    ran({ compiled }, milliseconds) {
      queryDurations.observe(milliseconds / 1000);
      slowQueries.observe('duckdb', compiled.text, milliseconds);
    },
    newQueryId: collaborators.newQueryId,
    clock,
  });
  const warming = createWarming({
    answers,
    warm: queries.warm,
    isCurrent: (of) => prepared.isCurrent(of) && prepared.isOfToday(of),
    onError: (error) => logger.warn({ err: error }, 'an answer could not be warmed'),
    most: collaborators.warmAnswers,
  });

  const setAside = await watchSetAside({ eventLog, group: WAREHOUSE_GROUP, instance, tell: freshness.setAside, logger });
  const interrupted = await watchInterrupted({ read: collaborators.readInterruptedSources, tell: sources.interrupted, logger });
  const project = (): Promise<Subscription> =>
    startWarehouseProjection({
      eventLog,
      warehouse,
      instance,
      answers,
      results,
      published,
      isEnvironmental: collaborators.isEnvironmental,
      beforeApply({ events }) {
        for (const workspace of new Set([...currencies.learnFrom(events), ...sourceSystems.learnFrom(events)])) prepared.forget(workspace);
      },
      onApplied({ events }, replay) {
        if (replay || events.some(({ kind }) => kind === 'record.erased')) firstChanges.forget();
        // Statements over a rollup that was just dropped would fail.
        for (const workspace of rollups.newlyFailed()) prepared.forget(workspace);
        for (const workspace of redefinedIn(events)) {
          prepared.forget(workspace);
          layers.outdate(workspace);
          knowledge.forget(workspace);
        }
        followSources(sources, events);
        collaborators.onApplied(events);
      },
      async onInvalidated({ events }) {
        for (const workspace of redefinedIn(events)) {
          // It stays outdated then: whoever asks for it next reads it anew.
          await layers
            .layer(workspace)
            .catch((error: unknown) => logger.warn({ err: error, workspace }, 'the semantic models could not be read again'));
        }
      },
      onPublished: ({ events }) => {
        if (events.length > 0) warming.warmSoon();
      },
      onSetAside: setAside.look,
      took: (milliseconds) => batchDurations.observe(milliseconds / 1000),
      clock,
    });
  const projection = await createPausableProjection({ start: project, logger });
  // Whoever asks waits for their own workspace alone. It never throws.
  void knowledge.knowAll(collaborators.workspaces(), collaborators.closing);
  exportMetrics(collaborators, published);

  const drillDownOptions: DrillDownOptions = {
    eventLog,
    warehouse,
    layers,
    policies,
    prepared,
    published,
    writes,
    asOf,
    know: knowledge.know,
    freshness,
  };
  let rebuilding = false;

  return {
    ask: queries.ask,
    peek: queries.peek,
    remember: queries.remember,
    async metrics(call) {
      const { workspace } = call.principal;
      const [layer, policy] = await Promise.all([layers.layer(workspace), policies.resolve(call.principal)]);
      const listed = listAllowedMetrics(layer, policy.metric);
      await audit.read({ call, action: 'metrics.list', object: 'metrics', rows: listed.length, milliseconds: 0 });
      return listed;
    },
    explain: (call, query) =>
      audited(collaborators, { call, action: 'explain', object: objectOf(query), rowsOf: () => 0 }, async () =>
        explain(await queries.prepare(call, query), await policies.resolve(call.principal)),
      ),
    drillDown: (call, request, options) =>
      audited(
        collaborators,
        { call, action: 'drill_down', object: objectOf({ metrics: [request.metric] }), rowsOf: ({ records }) => records.length },
        () => drillDown(drillDownOptions, call, request, options),
      ),
    freshness: async ({ principal: { workspace } }) => freshness.freshness(workspace, undefined, published.current()),
    waitForWrite: (token, milliseconds) => writes.waitFor(token, undefined, milliseconds),
    containsWrite: writes.isContained,
    async status() {
      const head = await eventLog.head();
      const readPoint = published.current();
      const { generation } = warehouse.applied();
      const lagSeconds = Math.max(0, Date.parse(head.completeTo) - Date.parse(readPoint.completeTo)) / 1000;
      return {
        readPoint,
        instance: instance ?? null,
        generation,
        lagSeconds,
        setAside: setAside.count(),
        problems: [...layers.problems()]
          .map(([workspace, problems]) => ({ workspace, problems }))
          .filter(({ problems }) => problems.length > 0),
        caches: { answers: answers.statistics(), results: results.statistics() },
      };
    },
    readPoint: () => published.current(),
    async rebuild(call, progress) {
      await requireAdministrator(collaborators, call);
      if (rebuilding) throw new SophiaError('rebuild_running', 'A rebuild is under way in this process: try again when it has ended.');
      rebuilding = true;
      try {
        const done = await rebuildWarehouse({ eventLog, warehouse, whilePaused: projection.whilePaused, progress });
        logger.info(done, 'the warehouse was rebuilt from the log');
        return done;
      } finally {
        rebuilding = false;
      }
    },
    async reloadModels(workspace) {
      const problems = await layers.reload(workspace);
      knowledge.forget(workspace);
      return problems;
    },
    forget: prepared.forget,
    async close() {
      await projection.close();
      await setAside.close();
      await interrupted.close();
      await warming.close();
    },
  };
};

/** Workspaces in which a record type was defined anew. */
const redefinedIn = (events: readonly EventFact[]): ReadonlySet<WorkspaceId> =>
  new Set(events.filter(({ kind }) => kind === 'record_type.changed').map(({ workspace }) => workspace));

const requireAdministrator = async ({ policies }: Collaborators, call: Call): Promise<void> => {
  const policy = await policies.resolve(call.principal);
  if (!policy.can('administer')) throw new SophiaError('forbidden', 'Only an administrator may rebuild the warehouse.');
};
