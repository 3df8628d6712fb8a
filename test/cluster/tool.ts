const kubernetes = { module: 'k8s.io/kubernetes', version: 'v1.34.4' } as const;

/** Every program of the test cluster: where its source is, and whether any version that is on PATH will do. */
export const tools = {
  etcd: {
    module: 'go.etcd.io/etcd/server/v3',
    version: 'v3.6.8',
    package: 'go.etcd.io/etcd/server/v3',
    fromPath: false,
    minutes: 1,
  },
  'kube-apiserver': {
    ...kubernetes,
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    fromPath: false,
    minutes: 7,
  },
  'kube-controller-manager': {
    ...kubernetes,
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    fromPath: false,
    minutes: 2,
  },
  kubectl: { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kubectl', fromPath: true, minutes: 1 },
  helm: {
    module: 'helm.sh/helm/v3',
    version: 'v3.19.0',
    package: 'helm.sh/helm/v3/cmd/helm',
    fromPath: true,
    minutes: 3,
  },
} as const satisfies Record<string, Tool>;

/** A program of the test cluster. */
export type ToolName = keyof typeof tools;

/** Where a tool's source is and how long it takes to build. */
export interface Tool {
  readonly module: string;
  readonly version: string;
  readonly package: string;
  /** Whether a copy of unknown version on PATH will do. */
  readonly fromPath: boolean;
  /** A first build on two cores, in minutes, for people who wait. */
  readonly minutes: number;
}
