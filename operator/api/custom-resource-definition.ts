import { structuralSchema } from '../schema/structural.ts';
import { writtenSchema, type WrittenSchema } from '../schema/written.ts';
import { apiGroup, apiVersion, category, type ResourceKind } from './resource.ts';

/** Builds the CustomResourceDefinition of a kind (apiextensions.k8s.io/v1), as plain data. */
export function customResourceDefinition(kind: ResourceKind, spec: WrittenSchema): Record<string, unknown> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${kind.plural}.${apiGroup}`,
      labels: { 'app.kubernetes.io/name': 'eventroute' },
    },
    spec: {
      group: apiGroup,
      scope: 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: [kind.shortName],
        categories: [category],
      },
      versions: [
        {
          name: apiVersion,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns.map(({ priority = 0, ...column }) => ({
            ...column,
            ...(priority > 0 && { priority }),
          })),
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: kind.description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string', description: `Always ${apiGroup}/${apiVersion}.` },
                kind: { type: 'string', description: `Always ${kind.kind}.` },
                metadata: { type: 'object' },
                spec: structuralSchema(spec),
                status: structuralSchema(writtenSchema(kind.status)),
              },
            },
          },
        },
      ],
    },
  };
}
