import type { Call, Cause, JsonObject, NewEvent, SystemEventKind } from '@sophia/types';
import { actorOf } from './attribution.ts';

/** A fact that concerns no record. */
export const systemEvent = (call: Call, kind: SystemEventKind, cause: Cause, data: JsonObject): NewEvent => ({
  workspace: call.principal.workspace,
  kind,
  record: null,
  version: null,
  occurred_at: null,
  source_version: null,
  business_priority: null,
  created_at: null,
  actor: actorOf(call),
  cause,
  data,
  previous: null,
  original: null,
});
