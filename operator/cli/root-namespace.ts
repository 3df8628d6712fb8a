/** The namespace of the chart and of `deploy/install.yaml`; its routes see the whole cluster. */
export const usualRootNamespace = 'eventroute-system';
