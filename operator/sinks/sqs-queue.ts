import { DeliveryError } from '../sink-kit/index.ts';
import { parseArn } from './aws-arn.ts';

/** Which queue is meant, as users name it. */
export interface QueueConfig {
  readonly queueName?: string;
  readonly queueUrl?: string;
  readonly queueOwnerAccountId?: string;
  readonly endpoint?: string;
}

/** A queue before anybody was asked about it. */
export interface Queue {
  readonly name: string;
  /** The account that it belongs to, when that is not the one of the credentials. */
  readonly owner?: string;
  /** Known when the user wrote it. */
  readonly url?: string;
  readonly region?: string;
  /** Where requests go instead of the public endpoint. */
  readonly endpoint?: string;
  readonly isFifo: boolean;
}

/** Hosts of SQS with the region in them: the present ones, those of VPC endpoints, and the oldest. */
const regionsInHosts = [
  /(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws|api\.aws)/,
  /^([a-z0-9-]+)\.queue\.amazonaws\./,
];

/**
 * Reads which queue is meant.
 * @throws DeliveryError (permanent, InvalidConfig) when that is not said, or said twice.
 */
export function readQueue(config: QueueConfig): Queue {
  const { queueName = '', queueUrl = '' } = config;
  if ((queueName === '') === (queueUrl === '')) {
    throw invalid('either `queueName` or `queueUrl` has to say which queue to send to');
  }
  return queueUrl === '' ? byName(queueName, config) : byUrl(queueUrl, config);
}

function byName(written: string, { queueOwnerAccountId, endpoint }: QueueConfig): Queue {
  const arn = parseArn(written);
  const name = arn?.resource ?? written;
  checkName(name, arn?.service ?? 'sqs');
  const owner = queueOwnerAccountId || arn?.account;
  return {
    name,
    isFifo: name.endsWith('.fifo'),
    ...(owner && { owner }),
    ...(arn !== undefined && { region: arn.region }),
    ...(endpoint && { endpoint }),
  };
}

function checkName(name: string, service: string): void {
  if (service === 'sqs' && /^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\.fifo$/.test(name)) return;
  throw invalid(
    `${JSON.stringify(name.slice(0, 100))} is no name of a queue: up to 80 letters, digits, hyphens and underscores, ` +
      'with .fifo at the end for FIFO queues, or its ARN',
  );
}

/** Requests about a queue go to the host of its URL, unless an endpoint is set. */
function byUrl(written: string, { endpoint }: QueueConfig): Queue {
  const url = URL.parse(written);
  const name = url?.pathname.split('/').at(-1) ?? '';
  if (url === null || name === '' || !/^https?:$/.test(url.protocol)) {
    throw invalid(
      'queueUrl is no URL of a queue: it reads like https://sqs.REGION.amazonaws.com/ACCOUNT/NAME',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('queueUrl holds a user name or password: use `accessKeyId` and `secretAccessKey`');
  }
  const region = regionsInHosts.map((pattern) => pattern.exec(url.hostname)?.[1]).find(Boolean);
  return {
    name,
    url: written,
    isFifo: name.endsWith('.fifo'),
    endpoint: endpoint || url.origin,
    ...(region !== undefined && { region }),
  };
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}
