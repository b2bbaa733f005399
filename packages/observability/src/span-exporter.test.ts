import { expect, it } from 'vitest';
import { createTestObservability } from './testing/index.ts';

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it('what others keep along a trace goes on with it, into each span', async () => {
  const { tracer, spans, close } = createTestObservability({ traces: true });
  const request = tracer.startRequest({ name: 'GET /', requestId: 'r', traceparent: CALLER, tracestate: 'vendor=1,other=a:b' });
  await request.run(() => tracer.span('inner', undefined, async () => undefined));
  request.end();
  expect(spans().map((span) => span.spanContext().traceState?.serialize())).toEqual(['vendor=1,other=a:b', 'vendor=1,other=a:b']);
  await close();
});

it('what others keep is nothing without their trace', async () => {
  const { tracer, spans, close } = createTestObservability({ traces: true });
  tracer.startRequest({ name: 'GET /', requestId: 'r', traceparent: 'none', tracestate: 'vendor=1' }).end();
  expect(spans()[0]?.spanContext().traceState).toBeUndefined();
  await close();
});

it('spans say which process they are of', async () => {
  const instances = [];
  for (const observability of [createTestObservability({ traces: true }), createTestObservability({ traces: true })]) {
    for (const name of ['one', 'two']) await observability.tracer.span(name, undefined, async () => undefined);
    const resources = observability.spans().map(({ resource }) => resource.attributes);
    expect(resources[0]).toMatchObject({ 'service.name': 'test', 'service.version': '0', 'service.instance.id': expect.any(String) });
    expect(resources[1]).toEqual(resources[0]);
    instances.push(resources[0]?.['service.instance.id']);
    await observability.close();
  }
  expect(new Set(instances).size).toBe(2);
});
