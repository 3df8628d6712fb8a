const kubernetes = {
  module: 'k8s.io/kubernetes',
  version: 'v1.34.4',
  stamps: {
    'k8s.io/component-base/version.gitVersion': 'v1.34.4',
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': '34',
  },
} as const;

/** Every program of the test cluster: where its source is, and whether any version that is on PATH will do. */
export const tools = {
  etcd: {
    module: 'go.etcd.io/etcd/server/v3',
    version: 'v3.6.8',
    package: 'go.etcd.io/etcd/server/v3',
    stamps: {},
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
    // without these, helm calls itself v3.19 and takes any cluster for Kubernetes 1.20 when it renders
    stamps: {
      'helm.sh/helm/v3/internal/version.version': 'v3.19.0',
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor': '1',
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor': '34',
      'helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor': '1',
      'helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor': '34',
    },
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
  /** Variables that its own release build sets, by the linker's name. */
  readonly stamps: Readonly<Record<string, string>>;
  /** Whether a copy of unknown version on PATH will do. */
  readonly fromPath: boolean;
  /** A first build on two cores, in minutes, for people who wait. */
  readonly minutes: number;
}
