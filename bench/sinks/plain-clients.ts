import { open } from 'node:fs/promises';

import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Client } from '@elastic/elasticsearch';
import kafkajs from 'kafkajs';
import { Agent } from 'undici';

import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';

/** What a program would have that renders events, sends batches of them and cares for nothing else. */
export interface PlainClient {
  send(events: readonly Occurrence[]): Promise<void>;
  close(): Promise<unknown>;
}

/** How to make the plain clients; `lanes` is how many batches are under way at a time. */
export interface PlainOptions {
  readonly address: string;
  readonly lanes: number;
}

/** Sends batches of lines, or of one event, by HTTP. */
export function plainHttp({ address, lanes }: PlainOptions, contentType: string): PlainClient {
  const agent = new Agent({ connections: lanes });
  const { origin, pathname } = new URL(address);
  const lineEnd = contentType === 'application/x-ndjson' ? '\n' : '';
  return {
    async send(events) {
      const body = events.map(({ event }) => `${exporterJson(event)}${lineEnd}`).join('');
      const headers = { 'content-type': contentType };
      const response = await agent.request({ origin, path: pathname, method: 'POST', headers, body });
      await response.body.text();
      if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
    },
    close: () => agent.close(),
  };
}

/** Sends bulk requests by Elastic's client. */
export function plainElasticsearch({ address }: PlainOptions): PlainClient {
  const client = new Client({ node: address, maxRetries: 0 });
  return {
    async send(events) {
      const operations = events.flatMap(({ key, event }) => [
        { create: { _index: 'kube-events', _id: key } },
        exporterJson(event),
      ]);
      const filter_path = 'error,status,errors,items.*._index,items.*.status,items.*.error';
      const { errors, items } = await client.bulk({ operations, filter_path });
      if (errors || items.length !== events.length) throw new Error('not all were taken');
    },
    close: () => client.close(),
  };
}

/** Sends record batches by kafkajs, with a producer for each lane: an idempotent one has one request under way. */
export async function plainKafka({ address, lanes }: PlainOptions): Promise<PlainClient> {
  const kafka = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING });
  const producers = await Promise.all(
    Array.from({ length: lanes }, async () => {
      const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
      const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner });
      await producer.connect();
      return producer;
    }),
  );
  const idle = [...producers];
  return {
    async send(events) {
      const messages = events.map(({ key, event, time }) => ({
        key: event.uid,
        value: exporterJson(event),
        headers: { 'idempotency-key': key },
        timestamp: String(time.getTime()),
      }));
      const producer = idle.pop();
      if (producer === undefined) throw new Error('there are more batches than lanes');
      await producer.sendBatch({ topicMessages: [{ topic: 'kube-events', messages }], acks: -1 });
      idle.push(producer);
    },
    close: () => Promise.all(producers.map((producer) => producer.disconnect())),
  };
}

/** Sends batches to a queue by the AWS SDK. */
export function plainSqs({ address }: PlainOptions): PlainClient {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
  const client = new SQSClient({ endpoint: address, region: 'eu-central-1', credentials, md5: false });
  const QueueUrl = `${address}/123456789012/kube-events`;
  return {
    async send(events) {
      const Entries = events.map(({ event }, index) => ({
        Id: String(index),
        MessageBody: exporterJson(event),
      }));
      const { Successful } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      if (Successful?.length !== events.length) throw new Error('not all were taken');
    },
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
}

/** Appends lines to a file. */
export async function plainFile({ address }: PlainOptions): Promise<PlainClient> {
  const handle = await open(address, 'a');
  return {
    async send(events) {
      await handle.appendFile(events.map(({ event }) => `${exporterJson(event)}\n`).join(''));
    },
    close: () => handle.close(),
  };
}

/** Writes lines to the standard output. */
export function plainStdout(): PlainClient {
  return {
    send: (events) =>
      new Promise((resolve, reject) => {
        const text = events.map(({ event }) => `${exporterJson(event)}\n`).join('');
        process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => Promise.resolve(),
  };
}
