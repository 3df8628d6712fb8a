import {
  credentialsKeyword,
  knownKeyword,
  secretRefField,
  type Credential,
  type WrittenSchema,
} from './written.ts';

/** Keywords of ours and of JSON schema that a CustomResourceDefinition does not take. */
const foreign = new Set(['examples', 'aliases', 'x-eventroute-noun', credentialsKeyword, knownKeyword]);

/**
 * Turns a schema of what users write into a structural schema for a CustomResourceDefinition
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
 * "Exactly one of x and xSecretRef" becomes a validation rule, so that the API server itself says it.
 */
export function structuralSchema(schema: WrittenSchema): WrittenSchema {
  const result: WrittenSchema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!foreign.has(keyword)) result[keyword] = structuralKeyword(keyword, value, schema);
  }
  if (result.additionalProperties === false) delete result.additionalProperties;
  const rules = (schema[credentialsKeyword] as Credential[] | undefined)?.flatMap(credentialRules) ?? [];
  return rules.length > 0 ? { ...result, 'x-kubernetes-validations': rules } : result;
}

function structuralKeyword(keyword: string, value: unknown, schema: WrittenSchema): unknown {
  switch (keyword) {
    case 'properties':
      return Object.fromEntries(
        Object.entries(value as Record<string, WrittenSchema>).map(([name, property]) => [
          name,
          structuralSchema(property),
        ]),
      );
    case 'items':
      return structuralSchema(value as WrittenSchema);
    case 'additionalProperties':
      return typeof value === 'object' ? structuralSchema(value as WrittenSchema) : value;
    case 'anyOf':
      // int-or-string is the one union of a structural schema; its branches may hold nothing but the two types
      return schema['x-kubernetes-int-or-string'] === true
        ? [{ type: 'integer' }, { type: 'string' }]
        : value;
    default:
      return value;
  }
}

function credentialRules({ field, required }: Credential): { rule: string; message: string }[] {
  const ref = secretRefField(field);
  const both = {
    rule: `!(has(self.${field}) && has(self.${ref}))`,
    message: `set ${field} or ${ref}, not both`,
  };
  const none = { rule: `has(self.${field}) || has(self.${ref})`, message: `${field} or ${ref} is required` };
  return required ? [both, none] : [both];
}
