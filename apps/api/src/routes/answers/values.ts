import Type from 'typebox';
import { BOUNDED } from '../schemas.ts';

/** Values that several answers hold. */

export const Instant = Type.String({ format: 'date-time', description: 'ISO 8601 in UTC' });
export const MaybeInstant = Type.Union([Instant, Type.Null()]);
export const MaybeText = Type.Union([Type.String(), Type.Null()]);

/** The customer's own content, by field. */
export const Fields = Type.Record(Type.String(), Type.Unknown());
export const MaybeFields = Type.Union([Fields, Type.Null()]);

export const NextCursor = Type.Union([Type.String(), Type.Null()], { description: 'Where the next page begins, null at the end' });
/** Of pages whose items may be large. */
export const BoundedCursor = Type.Union([Type.String(), Type.Null()], { description: BOUNDED });
