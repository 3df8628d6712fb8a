/** Who a kubeconfig speaks to and as whom. */
export interface KubeconfigOptions {
  readonly url: string;
  /** PEM of the server's certificate authority. */
  readonly certificateAuthority: string;
  readonly token: string;
  /** The namespace of commands that name none. */
  readonly namespace?: string;
}

/** Writes a kubeconfig that holds all it needs, as JSON, which every reader of YAML takes. */
export function formatKubeconfig(options: KubeconfigOptions): string {
  const name = 'eventroute-test';
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name,
          cluster: {
            server: options.url,
            'certificate-authority-data': Buffer.from(options.certificateAuthority).toString('base64'),
          },
        },
      ],
      users: [{ name, user: { token: options.token } }],
      contexts: [{ name, context: { cluster: name, user: name, namespace: options.namespace ?? 'default' } }],
      'current-context': name,
    },
    null,
    2,
  );
}
