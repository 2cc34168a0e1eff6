// OpenTelemetry's own SDK and prometheus-remote-write push to a hub, and prometheus-query asks it.
// Arguments: URL, token to write, token to read.
const assert = require('node:assert/strict');
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { OTLPMetricExporter: Json } = require('@opentelemetry/exporter-metrics-otlp-http');
const { OTLPMetricExporter: Proto } = require('@opentelemetry/exporter-metrics-otlp-proto');
const { PrometheusDriver } = require('prometheus-query');
const { pushTimeseries } = require('prometheus-remote-write');

const [url, writer, reader] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${writer}` };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function pushOtlp(Exporter, form) {
  const exporter = new Exporter({ url: `${url}/prometheus/api/v1/otlp/v1/metrics`, headers });
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 500 });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('shop');
  const [hits, took] = [meter.createCounter('js.hits', { unit: '{hit}' }), meter.createHistogram('js.took', { unit: 'ms' })];
  for (let i = 0; i < 3; i += 1) {
    hits.add(1, { form });
    took.record(i * 10 + 1, { form });
    await pause(600);
  }
  await provider.forceFlush();
  await provider.shutdown();
}

async function main() {
  const samples = [{ value: 21.5, timestamp: Date.now() - 2000 }, { value: 22.25, timestamp: Date.now() - 1000 }];
  const series = [{ labels: { __name__: 'js_temp', room: 'a' }, samples }];
  const pushed = await pushTimeseries(series, { url: `${url}/prometheus/api/v1/write`, fetch, headers });
  assert.equal(pushed.status, 204, pushed.errorMessage);
  await pushOtlp(Json, 'json');
  await pushOtlp(Proto, 'proto');

  const driver = new PrometheusDriver({
    endpoint: `${url}/prometheus`, baseURL: '/api/v1', headers: { Authorization: `Bearer ${reader}` },
  });
  const ask = async (query) => (await driver.instantQuery(query)).result.map((row) => [row.metric.labels, row.value.value]);
  const deadline = Date.now() + 30000;
  while ((await ask('js_hits_total == 3')).length < 2) {
    assert.ok(Date.now() < deadline, JSON.stringify(await ask('js_hits_total')));
    await pause(500);
  }
  assert.deepEqual(await ask('js_temp'), [[{ client: 'acme', room: 'a', site: 'lyon' }, 22.25]]);
  assert.deepEqual((await ask('js_took_milliseconds_count')).map(([, count]) => count), [3, 3]);
  const range = await driver.rangeQuery('sum(js_hits_total)', Date.now() - 60000, Date.now(), 1);
  assert.equal(range.result[0].values.at(-1).value, 6);
  assert.equal((await driver.series('js_temp', Date.now() - 60000, Date.now())).length, 1);
  assert.deepEqual(await driver.labelValues('site'), ['lyon']);
  assert.equal((await driver.metadata('js_hits_total')).js_hits_total[0].type, 'counter');
  await driver.rules();
  await driver.alerts();
  console.log('javascript: @opentelemetry/sdk-metrics (JSON, protobuf), prometheus-remote-write and prometheus-query are at home');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
