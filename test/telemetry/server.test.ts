import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { startTelemetryServer, type TelemetryServer } from '../../operator/telemetry/server.ts';
import { readMetrics } from './open-metrics.ts';

let server: TelemetryServer;
let problems: { alive: string[]; ready: string[] };
const options = () => ({
  host: '127.0.0.1',
  port: 0,
  metrics: createMetrics('test'),
  alive: () => problems.alive,
  ready: () => problems.ready,
});

beforeEach(async () => {
  problems = { alive: [], ready: [] };
  server = await startTelemetryServer(options());
});

afterEach(() => server.close());

const get = (path: string, init: RequestInit = {}) => fetch(`http://${server.address}${path}`, init);

test('serves OpenMetrics to whoever accepts it, else the older text format', async () => {
  const open = await get('/metrics', {
    headers: { accept: 'application/openmetrics-text;version=1.0.0,*/*;q=0.1' },
  });
  expect(open.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  readMetrics(await open.text(), 'openMetrics');
  const text = await get('/metrics?x=1', { headers: { accept: 'text/plain' } });
  expect(text.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  readMetrics(await text.text(), 'text');
});

test('answers the probes by what is wrong', async () => {
  expect((await get('/healthz')).status).toBe(200);
  problems = { alive: ['the watch hangs', 'the loop was blocked'], ready: ['not read yet'] };
  const [healthz, readyz] = await Promise.all([get('/healthz'), get('/readyz')]);
  expect([healthz.status, await healthz.text()]).toEqual([503, 'the watch hangs\nthe loop was blocked\n']);
  expect([readyz.status, await readyz.text()]).toEqual([503, 'not read yet\n']);
});

test('answers 404 with what is here, and 405 with what may be asked', async () => {
  const missing = await get('/nothing');
  expect([missing.status, await missing.text()]).toEqual([
    404,
    'not found: /metrics, /healthz and /readyz are here\n',
  ]);
  const posted = await get('/metrics', { method: 'POST', body: 'x' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('answers HEAD without a body', async () => {
  const response = await get('/healthz', { method: 'HEAD' });
  expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
    200,
    '3',
    '',
  ]);
});

test('rejects when its port is taken, and says what to change', async () => {
  const port = Number(server.address.split(':').at(-1));
  await expect(startTelemetryServer({ ...options(), port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port} for metrics and health (EADDRINUSE): choose another --metrics-address`,
  );
});

test('closes although a client keeps its connection', async () => {
  await (await get('/healthz')).text();
  await server.close();
  await expect(get('/healthz')).rejects.toThrow();
});
