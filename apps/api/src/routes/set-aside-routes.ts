import { requireAdministrator, requireInstallationAdministrator } from '@sophia/auth';
import { SophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import type { Answer } from './answers/answer-of.ts';
import { ReplayedSchema, SetAsideAnswerSchema, type SetAsideEventSchema } from './answers/projection-answers.ts';
import { DiscardedSchema } from './answers/record-answers.ts';
import { auditingEnd } from './auditing-end.ts';
import { defineRoute } from './define-route.ts';

type SetAsideEvent = Awaited<ReturnType<ApiServices['eventLog']['setAside']>>[number];

const tag = 'administration';
const GroupParams = Type.Object({ group: Type.String({ minLength: 1, maxLength: 100 }) });
const WAREHOUSE = '/api/v1/projections/warehouse/set-aside';
const PAGE = 1_000;
/** Milliseconds that a caller waits for a replay, which goes on without them. */
const REPLAY_DEADLINE = 60_000;

/** Events that a projection could not take, and those of the same record that wait behind them. */
export const registerSetAsideRoutes = (app: FastifyInstance, services: ApiServices): void => {
  const { eventLog, audit } = services;
  /** What is done to a projection concerns every workspace; what of their own stands aside, administrators of one may see. */
  const permit = async (call: Call, action: 'set_aside.list' | 'set_aside.replay' | 'set_aside.discard', group: string): Promise<void> => {
    const require = action === 'set_aside.list' ? requireAdministrator : requireInstallationAdministrator;
    await require(services, call, action, `projection:${group}`);
    const groups = await eventLog.lag();
    if (!groups.some((each) => each.group === group)) throw new SophiaError('not_found', `There is no projection ${group}.`);
  };

  defineRoute(app, {
    method: 'GET',
    url: '/projections/:group/set-aside',
    operation: 'listSetAside',
    summary: 'Events of the workspace that stand aside, in the order of the log, with the error of each and the instances that it concerns',
    tag,
    params: GroupParams,
    query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
    responses: { 200: SetAsideAnswerSchema },
    examples: [
      { summary: 'Those of the warehouse', path: WAREHOUSE, status: 200 },
      { summary: 'No such projection', path: '/api/v1/projections/nothing/set-aside', status: 404 },
    ],
    handle: async ({ call, params: { group }, query: { limit = 100 } }) => {
      await permit(call, 'set_aside.list', group);
      const begun = performance.now();
      const events: Answer<typeof SetAsideEventSchema>[] = [];
      for await (const each of standingAside(services, call, group)) {
        events.push(shown(each));
        if (events.length >= limit) break;
      }
      const milliseconds = performance.now() - begun;
      await audit.read({ call, action: 'set_aside.list', object: `projection:${group}`, rows: events.length, milliseconds });
      return { events };
    },
  });

  defineRoute(app, {
    method: 'POST',
    url: '/projections/:group/set-aside/replay',
    operation: 'replaySetAside',
    summary:
      'Hands the events that stand aside to the projection of each instance again, in order; counts are added up over them; administrators of the installation only',
    tag,
    params: GroupParams,
    deadline: REPLAY_DEADLINE + 5_000,
    responses: { 200: ReplayedSchema },
    examples: [
      { summary: 'Those of the warehouse', path: `${WAREHOUSE}/replay`, status: 200 },
      { summary: 'No such projection', path: '/api/v1/projections/nothing/set-aside/replay', status: 404 },
    ],
    handle: async ({ call, params: { group } }) => {
      await permit(call, 'set_aside.replay', group);
      return auditingEnd(
        audit,
        { call, action: 'set_aside.replay', object: `projection:${group}` },
        () => eventLog.replay(group, { deadline: REPLAY_DEADLINE }),
        ({ succeeded }) => succeeded,
      );
    },
  });

  defineRoute(app, {
    method: 'DELETE',
    url: '/projections/:group/set-aside/:position',
    operation: 'discardSetAside',
    summary:
      'Gives up one event that stands aside, for all instances; those of its record behind it wait for a replay; administrators of the installation only',
    tag,
    params: Type.Object({ ...GroupParams.properties, position: Type.String({ minLength: 1, maxLength: 200 }) }),
    responses: { 200: DiscardedSchema },
    examples: [{ summary: 'No such event', path: `${WAREHOUSE}/1.2.3`, status: 404 }],
    handle: async ({ call, params: { group, position } }) => {
      await permit(call, 'set_aside.discard', group);
      const begun = performance.now();
      const found = await findAside(services, call, group, position);
      await eventLog.discard(group, found.event.position);
      await audit.write({
        call,
        action: 'set_aside.discard',
        object: `projection:${group}`,
        milliseconds: performance.now() - begun,
        details: { position, record: { ...found.event.record } },
      });
      return { discarded: 1 };
    },
  });
};

/** Those of the caller's workspace: a group takes the events of all. */
async function* standingAside({ eventLog }: ApiServices, { principal }: Call, group: string): AsyncGenerator<SetAsideEvent> {
  for (let last: SetAsideEvent | undefined; ; ) {
    const page = await eventLog.setAside(group, { limit: PAGE, ...(last === undefined ? {} : { after: last.event.position }) });
    yield* page.filter(({ event }) => event.workspace === principal.workspace);
    last = page.at(-1);
    if (page.length === 0) return;
  }
}

const findAside = async (services: ApiServices, call: Call, group: string, position: string): Promise<SetAsideEvent> => {
  for await (const each of standingAside(services, call, group)) if (each.event.position === position) return each;
  throw new SophiaError('not_found', `No event at ${position} stands aside for ${group}.`);
};

/** Which record it is about, without its values, and whom it concerns. */
const shown = ({
  event: { position, kind, record, version, at: occurred },
  instances,
  error,
  poison,
  attempts,
  at,
}: SetAsideEvent): Answer<typeof SetAsideEventSchema> => ({
  position,
  kind,
  record,
  version,
  at: occurred,
  error,
  poison,
  attempts,
  set_aside_at: at,
  // Where there is one warehouse there is nothing to tell apart.
  ...(instances.length === 0 ? {} : { instances }),
});
