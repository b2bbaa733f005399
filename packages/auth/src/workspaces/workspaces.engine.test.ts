import { createGate } from '@sophia/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPrincipal } from '../system-principal.ts';
import { type AuthHarness, callOf, createAuthHarness } from '../testing/auth-harness.ts';
import { intercept } from '../testing/intercept.ts';
import type { Workspace } from './workspace.ts';

describe('workspaces', () => {
  let harness: AuthHarness;
  beforeAll(async () => {
    harness = await createAuthHarness();
  });
  afterAll(() => harness.close());

  it('are made once, also by several at the same moment', async () => {
    const other = await harness.another();
    const made = await Promise.all([harness.auth, other, harness.auth].map(({ workspaces }) => workspaces.ensure('same')));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(await harness.auth.workspaces.find('same')).toEqual(made[0]);
    expect(await harness.auth.workspaces.ensure('same')).toEqual(made[0]);
    expect(await harness.auth.workspaces.find('none')).toBeUndefined();
  });

  it('are made by one of several alone, which knows that it was the one', async () => {
    const other = await harness.another();
    const made = await Promise.all([harness.auth, other, harness.auth].map(({ workspaces }) => workspaces.make('alone')));
    expect(made.filter((workspace) => workspace !== undefined)).toMatchObject([{ name: 'alone' }]);
    expect(await harness.auth.workspaces.make('alone')).toBeUndefined();
  });

  it('are as they were changed for whoever asks later, also while somebody still reads what was before', async () => {
    const gate = createGate();
    const state = { isHeld: false };
    const select: typeof harness.database.select = async (workspaces, statement, values, options) => {
      const rows = await harness.database.select(workspaces, statement, values, options);
      if (state.isHeld) await gate.pass();
      return rows as never;
    };
    const { workspaces } = await harness.another({ database: intercept(harness.database, { select }) });
    const made = await harness.auth.workspaces.ensure('read_meanwhile');
    const call = callOf(systemPrincipal('test', made));
    state.isHeld = true;
    const reading = workspaces.find(made.name);
    await gate.reached;
    state.isHeld = false;
    await workspaces.configure(call, { week_start: 'sunday' });
    gate.open();
    expect((await reading)?.settings).toEqual({});
    expect((await workspaces.find(made.name))?.settings).toEqual({ week_start: 'sunday' });
  });

  it('are found by whoever looked before another made them', async () => {
    const gate = createGate();
    const select: typeof harness.database.select = async (workspaces, statement, values, options) => {
      const rows = await harness.database.select(workspaces, statement, values, options);
      await gate.pass();
      return rows as never;
    };
    const { workspaces } = await harness.another({ database: intercept(harness.database, { select }) });
    const second = workspaces.ensure('raced');
    await gate.reached;
    const first = await harness.auth.workspaces.ensure('raced');
    gate.open();
    expect(await second).toEqual(first);
  });

  it('are created and listed by administrators of the installation', async () => {
    const { workspaces, audit } = harness.auth;
    const created = await workspaces.create(harness.owner, 'acme', { time_zone: 'Europe/Berlin' });
    expect(created).toMatchObject({ name: 'acme', settings: { time_zone: 'Europe/Berlin' } });
    await expect(workspaces.create(harness.owner, 'acme')).rejects.toMatchObject({ code: 'workspace_exists' });
    expect((await workspaces.list(harness.owner)).map(({ name }) => name)).toContain('acme');
    expect((await workspaces.all()).map(({ name }) => name)).toContain('acme');
    const { entries } = await audit.list(harness.owner, { action: 'workspace.create' });
    expect(entries.map(({ object }) => object)).toEqual(['workspace:acme']);
  });

  it.each(['', 'Acme', '1st', 'a b', 'x'.repeat(64), "x'; drop table workspace"])('are not called %o', async (name) => {
    await expect(harness.auth.workspaces.create(harness.owner, name)).rejects.toMatchObject({ code: 'invalid_workspace' });
  });

  it('are configured by their own administrators, and others hear of it', async () => {
    const workspace = await harness.auth.workspaces.ensure('configured');
    const call = callOf(systemPrincipal('test', workspace));
    const { workspaces } = harness.auth;
    const settings = { reporting_date: '2017-12-31', week_start: 'sunday' } as const;
    expect((await workspaces.configure(call, settings)).settings).toEqual(settings);
    expect((await workspaces.find('configured'))?.settings).toEqual(settings);
    await expect(workspaces.configure(callOf({ ...call.principal, role: 'manager' }), {})).rejects.toMatchObject({ code: 'forbidden' });

    const elsewhere = await harness.another();
    await elsewhere.workspaces.find('configured');
    await workspaces.configure(call, { time_zone: undefined });
    expect((await elsewhere.workspaces.find('configured'))?.settings).toEqual(settings);
    await elsewhere.workspaces.find('main');
    await elsewhere.workspaces.forget(workspace.id);
    expect((await elsewhere.workspaces.find('configured'))?.settings).toEqual({});
  });

  it('are followed: who made or configured one has its answer once it is known here', async () => {
    const { workspaces } = await harness.another();
    const known: Workspace[] = [];
    workspaces.follow(async (id) => void known.push(...(await workspaces.all()).filter((each) => each.id === id)));
    const made = await workspaces.create(harness.owner, 'followed', { time_zone: 'Europe/Berlin' });
    expect(known).toEqual([made]);
    const configured = await workspaces.configure(callOf(systemPrincipal('test', made)), { time_zone: 'Asia/Tokyo' });
    expect(known).toEqual([made, configured]);
    await workspaces.forget(made.id);
    expect(known).toEqual([made, configured, configured]);
  });

  it.each([
    [{ reporting_date: '2017-02-29' }, 'reporting_date is "2017-02-29"'],
    [{ time_zone: 'Mars/Olympus' }, 'time_zone is "Mars/Olympus"'],
    [{ week_start: 'friday' as 'sunday' }, 'week_start is "friday"'],
  ])('are not configured with %o', async (settings, message) => {
    await expect(harness.auth.workspaces.configure(harness.owner, settings)).rejects.toMatchObject({
      code: 'invalid_workspace',
      message: expect.stringContaining(message),
    });
  });

  it('are found for the owner of the data folder, the usual one unless told', async () => {
    const { authentication, workspaces } = harness.auth;
    await workspaces.ensure('owned');
    expect(await authentication.administrator()).toMatchObject({ id: 'system:owner', role: 'admin', workspaceName: 'main' });
    expect((await authentication.administrator('owned')).workspaceName).toBe('owned');
    await expect(authentication.administrator('none')).rejects.toMatchObject({ code: 'unknown_workspace' });
  });
});
