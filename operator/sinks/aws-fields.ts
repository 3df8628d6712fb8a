import { Secret, Text, tlsField, Type } from '../sink-kit/index.ts';

/** The fields by which every sink of AWS finds its region, its endpoint and its credentials; spread them into its config. */
export const awsFields = {
  region: Type.Optional(
    Text({
      description:
        'The region. By default that of the ARN or URL in the other fields, else AWS_REGION or AWS_DEFAULT_REGION of ' +
        'the operator.',
      maxLength: 63,
      examples: ['eu-central-1'],
    }),
  ),
  endpoint: Type.Optional(
    Text({
      description: 'A URL to use instead of the public endpoint: a VPC endpoint, or an emulator.',
      pattern: '^(https?://.+)?$',
      examples: ['https://vpce-1a2b3c4d.sqs.eu-central-1.vpce.amazonaws.com'],
    }),
  ),
  accessKeyId: Type.Optional(
    Secret({
      description:
        'The access key. Without keys the operator uses its own identity (environment, IRSA, EKS Pod Identity, ' +
        'instance role), for receivers of the root namespace only.',
    }),
  ),
  secretAccessKey: Type.Optional(Secret({ description: 'The secret of the access key.' })),
  sessionToken: Type.Optional(Secret({ description: 'The session token of a temporary access key.' })),
  roleArn: Type.Optional(
    Text({
      description: 'A role to assume with these credentials before anything is sent.',
      pattern: '^(arn:[a-z0-9-]+:iam::[0-9]{12}:role/.+)?$',
      examples: ['arn:aws:iam::123456789012:role/eventroute'],
    }),
  ),
  externalId: Type.Optional(
    Text({ description: 'The external id that the trust policy of `roleArn` asks for.', maxLength: 1224 }),
  ),
  roleSessionName: Type.Optional(
    Text({
      description: 'The name of the session of `roleArn`, as CloudTrail shows it.',
      default: 'eventroute',
      pattern: '^[A-Za-z0-9_+=,.@-]{2,64}$',
    }),
  ),
  stsEndpoint: Type.Optional(
    Text({
      description: 'A URL of AWS STS to use for `roleArn` instead of the public one of the region.',
      pattern: '^(https?://.+)?$',
    }),
  ),
  tls: Type.Optional(tlsField),
} as const;
