// Runs the query on standard input by Google's own client and prints the rows as JSON. In a process of its own: the client
// imports ES modules while it works, which jest's CommonJS does not allow.
import { text } from 'node:stream/consumers';

import { BigQuery } from '@google-cloud/bigquery';

const [apiEndpoint = '', projectId = ''] = process.argv.slice(2);
// An endpoint of one's own gets no credentials, so none are looked for.
const client = new BigQuery({ apiEndpoint, projectId, autoRetry: false });
const [rows] = await client.query(await text(process.stdin));
process.stdout.write(JSON.stringify(rows));
