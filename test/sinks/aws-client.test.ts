import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sqs from '../../operator/sinks/sqs.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { startServer } from '../sink-kit/http-server.ts';
import { startProxy } from '../sink-kit/proxy-server.ts';
import { type AwsAnswer, type AwsServer, failed, reach, startAws } from './aws-server.ts';
import { openWritten, thrownBy } from './contract.ts';
import { noAbort, outgoing, sinkContext, sinkEvent, timeoutError } from './sink-event.ts';

const queueName = 'events';
const service: Record<string, AwsAnswer> = {
  GetQueueUrl: () => ({ QueueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/events' }),
  GetQueueAttributes: () => ({ Attributes: {} }),
  SendMessageBatch: ({ input }) => ({ Successful: input.Entries.map(({ Id }) => ({ Id })) }),
};

/** What STS answers to whoever may have a role. */
const roleGiven = (action: string): string =>
  `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>` +
  '<AccessKeyId>ASIAROLEROLEROLE0001</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>' +
  `<SessionToken>role-token</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>` +
  `</Credentials></${action}Result></${action}Response>`;

const roleArn = 'arn:aws:iam::123456789012:role/eventroute';

/** The fields without which the operator's own identity is used. */
function withoutKeys({ server }: AwsServer): Record<string, unknown> {
  return { queueName, endpoint: server.url, region: 'eu-central-1' };
}

async function sendOne(
  written: Record<string, unknown>,
  context = sinkContext(),
  signal: AbortSignal = noAbort,
): Promise<void> {
  await using sink = await openWritten(sqs, { written }, context);
  await sink.send(outgoing(sink, [sinkEvent()]), signal);
}

describe('AWS', () => {
  const environment = process.env;
  let home = '';

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'eventroute-aws-'));
    const others = Object.entries(environment).filter(([name]) => !/^AWS_|_PROXY$/i.test(name));
    process.env = { ...Object.fromEntries(others), HOME: home, AWS_EC2_METADATA_DISABLED: 'true' };
  });
  afterEach(async () => {
    process.env = environment;
    await rm(home, { recursive: true });
  });

  describe('credentials', () => {
    it('are the access key of the configuration, with its session token', async () => {
      await using aws = await startAws(service);
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIAFROMENVIRONMENT1', AWS_SECRET_ACCESS_KEY: 'x' });

      await sendOne({ queueName, ...reach(aws), sessionToken: 'session-1' });

      const [call] = aws.callsOf('SendMessageBatch');
      expect(call?.accessKeyId).toBe('AKIATESTTESTTEST0001');
      expect(call?.headers['x-amz-security-token']).toBe('session-1');
    });

    it('are those of the environment when there are none in the configuration', async () => {
      await using aws = await startAws(service);
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIAFROMENVIRONMENT1', AWS_SECRET_ACCESS_KEY: 'x' });

      await sendOne(withoutKeys(aws));

      expect(aws.callsOf('SendMessageBatch')[0]?.accessKeyId).toBe('AKIAFROMENVIRONMENT1');
    });

    it("are those of the service account's role (IRSA)", async () => {
      await using aws = await startAws({
        ...service,
        AssumeRoleWithWebIdentity: () => roleGiven('AssumeRoleWithWebIdentity'),
      });
      const file = join(home, 'token');
      await writeFile(file, 'projected-token');
      Object.assign(process.env, { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: roleArn });

      await sendOne({ ...withoutKeys(aws), stsEndpoint: aws.server.url });

      expect(aws.callsOf('AssumeRoleWithWebIdentity').map(({ input }) => input)).toEqual([
        expect.objectContaining({ RoleArn: roleArn, WebIdentityToken: 'projected-token' }),
      ]);
      expect(aws.callsOf('SendMessageBatch')[0]?.accessKeyId).toBe('ASIAROLEROLEROLE0001');
    });

    it('are those of EKS Pod Identity', async () => {
      await using aws = await startAws(service);
      const authorizations: unknown[] = [];
      await using agent = await startServer((response, { headers }) => {
        authorizations.push(headers.authorization);
        const Expiration = new Date(Date.now() + 3_600_000).toISOString();
        const keys = { AccessKeyId: 'ASIAPODPODPODPOD0001', SecretAccessKey: 'x', Token: 't', Expiration };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(keys));
      });
      const file = join(home, 'token');
      await writeFile(file, 'pod-token');
      Object.assign(process.env, {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      });

      await sendOne(withoutKeys(aws));

      expect(authorizations).toEqual(['pod-token']);
      expect(aws.callsOf('SendMessageBatch')[0]?.accessKeyId).toBe('ASIAPODPODPODPOD0001');
    });

    it('are those of a role, assumed once with external id and name of the session', async () => {
      await using aws = await startAws({ ...service, AssumeRole: () => roleGiven('AssumeRole') });
      const written = {
        queueName,
        ...reach(aws),
        roleArn,
        externalId: 'tenant-7',
        roleSessionName: 'events',
        stsEndpoint: aws.server.url,
      };
      await using sink = await openWritten(sqs, { written });
      const batch = outgoing(sink, [sinkEvent()]);

      await sink.send(batch, noAbort);
      await sink.send(batch, noAbort);

      const assumed = aws.callsOf('AssumeRole');
      expect(assumed.map(({ input, accessKeyId }) => ({ ...input, accessKeyId }))).toEqual([
        expect.objectContaining({
          RoleArn: roleArn,
          ExternalId: 'tenant-7',
          RoleSessionName: 'events',
          accessKeyId: 'AKIATESTTESTTEST0001',
        }),
      ]);
      const [sent] = aws.callsOf('SendMessageBatch');
      expect(sent?.accessKeyId).toBe('ASIAROLEROLEROLE0001');
      expect(sent?.headers['x-amz-security-token']).toBe('role-token');
    });

    it('that may not have the role are unauthorized, whatever the service itself would say', async () => {
      await using aws = await startAws({
        ...service,
        AssumeRole: () => failed(403, 'AccessDenied', 'User is not authorized to perform: sts:AssumeRole'),
      });
      const context = sinkContext();
      const written = { queueName, ...reach(aws), roleArn, stsEndpoint: aws.server.url };
      await using sink = await openWritten(sqs, { written }, context);

      const error = await thrownBy(sink.check!(noAbort));

      expect(error).toMatchObject({ reason: 'Unauthorized', permanent: false });
      expect(error.message).toMatch(
        /^role arn:aws:iam::123456789012:role\/eventroute was not given: .*sts:AssumeRole.*trust policy$/,
      );
      expect(context.warnings).toEqual([]);
    });

    it('that are nowhere are told of in one sentence', async () => {
      await using aws = await startAws(service);

      const error = await thrownBy(sendOne(withoutKeys(aws)));

      expect(error).toMatchObject({ reason: 'Unauthorized', permanent: false });
      expect(error.message).toMatch(/^no AWS credentials were found .*IRSA or EKS Pod Identity$/);
      expect(aws.calls).toEqual([]);
    });

    it.each([
      [{ accessKeyId: 'AKIA' }, 'accessKeyId is set without `secretAccessKey`'],
      [{ secretAccessKey: 'wJalrXUtnFEMI' }, 'secretAccessKey is set without `accessKeyId`'],
      [{ sessionToken: 'token' }, /^sessionToken is set without/],
      [{ externalId: 'x' }, 'externalId is set without `roleArn`, which it belongs to'],
    ])('in halves are refused: %j', async (fields, message) => {
      const error = await thrownBy(
        openWritten(sqs, { written: { queueName, region: 'eu-central-1', ...fields } }),
      );

      expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
      expect(error.message).toMatch(message);
    });

    it('that take long to come do not keep a send from obeying its signal', async () => {
      await using aws = await startAws({ ...service, AssumeRole: () => undefined });
      const written = { queueName, ...reach(aws), roleArn, stsEndpoint: aws.server.url };
      await using sink = await openWritten(sqs, { written });
      const controller = new AbortController();
      const failure = thrownBy(sink.send(outgoing(sink, [sinkEvent()]), controller.signal));
      while (aws.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      const abortedAtMs = performance.now();

      controller.abort(timeoutError());

      expect(await failure).toMatchObject({ reason: 'Timeout' });
      expect(performance.now() - abortedAtMs).toBeLessThan(200);
    });
  });

  describe('receivers outside of the root namespace', () => {
    const tenant = (): ReturnType<typeof sinkContext> => sinkContext({ isAddressAllowed: () => true });

    it.each([{}, { roleArn }, { roleArn, externalId: 'x' }])(
      "may not use the operator's own identity: %j",
      async (fields) => {
        await using aws = await startAws(service);
        Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIAFROMENVIRONMENT1', AWS_SECRET_ACCESS_KEY: 'x' });

        const error = await thrownBy(sendOne({ ...withoutKeys(aws), ...fields }, tenant()));

        expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
        expect(error.message).toMatch(
          /^only receivers of the root namespace may use the operator's own AWS identity/,
        );
        expect(aws.calls).toEqual([]);
      },
    );

    it('may use keys of their own, and roles that those may assume', async () => {
      await using aws = await startAws({ ...service, AssumeRole: () => roleGiven('AssumeRole') });

      await sendOne({ queueName, ...reach(aws) }, tenant());
      await sendOne({ queueName, ...reach(aws), roleArn, stsEndpoint: aws.server.url }, tenant());

      expect(aws.callsOf('SendMessageBatch').map(({ accessKeyId }) => accessKeyId)).toEqual([
        'AKIATESTTESTTEST0001',
        'ASIAROLEROLEROLE0001',
      ]);
    });

    it('reach STS under the same guard as everything else', async () => {
      await using aws = await startAws({ ...service, AssumeRole: () => roleGiven('AssumeRole') });
      const written = {
        queueName,
        ...reach(aws),
        endpoint: 'https://sqs.example.com',
        roleArn,
        stsEndpoint: aws.server.url,
      };

      const error = await thrownBy(sendOne(written, sinkContext({ isAddressAllowed: () => false })));

      expect(error.reason).toBe('AddressNotAllowed');
      expect(aws.calls).toEqual([]);
    });
  });

  describe('requests', () => {
    it.each([
      [{ AWS_REGION: 'eu-north-1', AWS_DEFAULT_REGION: 'us-east-1' }, 'eu-north-1'],
      [{ AWS_DEFAULT_REGION: 'us-east-1' }, 'us-east-1'],
    ])('are signed for the region of the environment: %j', async (variables, region) => {
      await using aws = await startAws(service);
      Object.assign(process.env, variables);

      await sendOne({ queueName, ...reach(aws), region: '' });

      expect(aws.calls[0]?.headers.authorization).toContain(`/${region}/sqs/aws4_request`);
    });

    it.each([
      [{ region: undefined }, /^no AWS region is known: set `region`/],
      [{ region: 'eu central' }, /^"eu central" is no AWS region/],
      [{ endpoint: 'https://user:pass@sqs.example.com' }, /^endpoint holds a user name or password/],
      [{ endpoint: 'https://' }, /^endpoint is no URL|must match/],
      [{ roleArn, stsEndpoint: 'https://a:b@sts.example.com' }, /^stsEndpoint holds a user name/],
      [{ tls: { ca: 'no PEM' } }, /holds no PEM certificate/],
    ])('are not made with a configuration such as %j', async (fields, message) => {
      const keys = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
      const written = { queueName, region: 'eu-central-1', ...keys, ...fields };

      const error = await thrownBy(openWritten(sqs, { written }));

      expect(error.message).toMatch(message);
      expect(error).toMatchObject({ reason: 'InvalidConfig' });
    });

    it('are made once, because delivery retries', async () => {
      await using aws = await startAws({ ...service, GetQueueUrl: () => failed(500, 'InternalFailure') });

      const error = await thrownBy(sendOne({ queueName, ...reach(aws) }));

      expect(error).toMatchObject({ reason: 'ServerError', permanent: false });
      expect(aws.calls).toHaveLength(1);
    });

    it('say who makes them', async () => {
      await using aws = await startAws(service);

      await sendOne({ queueName, ...reach(aws) });

      expect(aws.calls[0]?.headers['user-agent']).toContain('eventroute');
    });

    it('go by TLS to servers of an authority of the user', async () => {
      const authority = await createAuthority('emulator');
      await using server = await startServer(
        (response) => response.end('{"QueueUrl":"https://sqs.eu-central-1.amazonaws.com/1/events"}'),
        await issue(authority, ['127.0.0.1']),
      );
      const written = { queueName, ...reach({ server }) };
      await using trusting = await openWritten(sqs, { written: { ...written, tls: { ca: authority.cert } } });
      await using other = await openWritten(sqs, { written });

      await trusting.check!(noAbort);
      const error = await thrownBy(other.check!(noAbort));

      expect(error.reason).toBe('TLSFailed');
      expect(error.message).toMatch(/certificate of an authority that is not known/);
    });

    it('go through the proxy of the environment', async () => {
      await using aws = await startAws(service);
      await using proxy = await startProxy();
      process.env.HTTP_PROXY = proxy.url;

      await sendOne({ queueName, ...reach(aws), endpoint: `http://sqs.internal.test:${aws.server.port}` });

      expect(proxy.asked.join()).toContain('sqs.internal.test');
      expect(aws.callsOf('SendMessageBatch')).toHaveLength(1);
    });

    it('that nobody takes say so', async () => {
      const aws = await startAws(service);
      await aws[Symbol.asyncDispose]();

      const error = await thrownBy(sendOne({ queueName, ...reach(aws) }));

      expect(error).toMatchObject({ reason: 'Unreachable', permanent: false });
      expect(error.message).toMatch(/^127\.0\.0\.1:\d+ refused the connection/);
    });

    it('that something else than AWS answers with 200 have not delivered anything', async () => {
      await using server = await startServer((response) =>
        response.end('<html><title>Sign in</title></html>'),
      );

      const error = await thrownBy(sendOne({ queueName, ...reach({ server }) }));

      expect(error).toMatchObject({ reason: 'ServerError', permanent: false });
      expect(error.message).toMatch(
        /answered 200 with something that AWS never answers: Sign in; check the endpoint/,
      );
    });

    it('that are refused in XML where JSON is spoken are understood', async () => {
      const xml =
        '<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no such key</Message></Error></ErrorResponse>';
      await using server = await startServer((response) => response.writeHead(403).end(xml));

      const error = await thrownBy(sendOne({ queueName, ...reach({ server }) }));

      expect(error).toMatchObject({ reason: 'Unauthorized', permanent: false });
      expect(error.message).toMatch(/answered 403 InvalidClientTokenId: no such key; check the access key/);
    });

    it('leave no word in the log of the process', async () => {
      const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
        jest.spyOn(console, name).mockImplementation(() => undefined),
      );
      await using aws = await startAws({
        ...service,
        SendMessageBatch: () => failed(403, 'SignatureDoesNotMatch'),
      });
      const { endpoint, ...keys } = reach(aws);

      await thrownBy(sendOne({ queueUrl: `${String(endpoint)}/1/events`, ...keys }));

      const said = spies.flatMap((spy) => spy.mock.calls);
      for (const spy of spies) spy.mockRestore();
      expect(said).toEqual([]);
    });
  });
});
