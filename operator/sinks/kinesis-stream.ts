import { DeliveryError } from '../sink-kit/index.ts';
import { parseArn } from './aws-arn.ts';
import { type AwsPlace } from './aws-error.ts';

/** A stream as the calls of Kinesis take it. */
export interface Stream {
  readonly region?: string;
  /** The stream for people. */
  readonly target: string;
  readonly input: { readonly StreamName: string } | { readonly StreamARN: string };
}

/**
 * Reads which stream is meant.
 * @throws DeliveryError (permanent, InvalidConfig) when that is not said, or said twice.
 */
export function readStream({
  streamName = '',
  streamArn = '',
}: {
  readonly streamName?: string;
  readonly streamArn?: string;
}): Stream {
  if ((streamName === '') === (streamArn === '')) {
    throw invalid('either `streamName` or `streamArn` has to say which stream to write to');
  }
  return streamArn === '' ? byName(streamName) : byArn(streamArn);
}

function byName(streamName: string): Stream {
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(streamName)) {
    throw invalid(
      `${JSON.stringify(streamName.slice(0, 100))} is no name of a stream: up to 128 letters, digits, hyphens, ` +
        'underscores and dots',
    );
  }
  return { target: `stream "${streamName}"`, input: { StreamName: streamName } };
}

function byArn(streamArn: string): Stream {
  const arn = parseArn(streamArn);
  const name = arn?.resource.replace(/^stream\//, '');
  if (arn?.service !== 'kinesis' || name === undefined || name === arn.resource) {
    throw invalid(
      'streamArn is no ARN of a stream: it reads like arn:aws:kinesis:REGION:ACCOUNT:stream/NAME',
    );
  }
  return { region: arn.region, target: `stream "${name}"`, input: { StreamARN: streamArn } };
}

/** Refuses a stream that takes no records in its present state. */
export function usableStream(status: string | undefined, { host, target = 'the stream' }: AwsPlace): void {
  if (status !== 'CREATING' && status !== 'DELETING' && status !== 'CREATING_FAILED') return;
  throw DeliveryError.retry(`${host}: ${target} is ${status} and takes no records`, 'TargetNotFound');
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}
