/** The name under which a group's place is kept: each instance of it has one. */
export const groupName = (group: string, instance: string | null | undefined): string =>
  instance === null || instance === undefined ? group : `${group}@${instance}`;

/** SQL over `event_group`: the group itself, and the instance, null where the members belong to none. */
export const GROUP = `split_part(event_group.name, '@', 1)`;
export const INSTANCE = `nullif(split_part(event_group.name, '@', 2), '')`;
