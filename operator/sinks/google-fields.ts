import { Secret, Text, tlsField, Type } from '../sink-kit/index.ts';

/** The fields by which every sink of Google Cloud finds its credentials and its endpoint; spread them into its config. */
export const googleFields = {
  credentials: Type.Optional(
    Secret({
      description:
        'The JSON key of a service account (type `service_account`), or of a user (`authorized_user`). Without it the ' +
        'operator uses its own identity (workload identity, application default credentials), for receivers of the root ' +
        'namespace only.',
      // A path there: whoever reads the exporter's file puts the content of the named file in.
      aliases: ['credentials_path'],
    }),
  ),
  endpoint: Type.Optional(
    Text({
      description:
        'A host, `host:port` or URL to use instead of the public endpoint: a regional one, Private Service Connect, or ' +
        'an emulator. Credentials never travel over `http://`.',
      maxLength: 300,
      examples: ['https://eu-endpoint.p.googleapis.com'],
    }),
  ),
  tls: Type.Optional(tlsField),
} as const;
