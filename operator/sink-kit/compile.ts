import { goEvent } from '../event/go-event.ts';
import { templateData } from '../event/template-data.ts';
import { compileLayout } from '../template/layout.ts';
import { compileTemplate } from '../template/template.ts';
import { DeliveryError } from './delivery-error.ts';
import { isError } from './error-chain.ts';
import { mapDocumentLiterals, mapLiterals } from './literal-text.ts';
import { type MarkupDocument, type MarkupText } from './template-fields.ts';

/**
 * Compiles a text with Go templates; `path` names it in errors.
 * @throws TemplateError when it does not compile. What its `render` throws is a permanent DeliveryError, RenderFailed.
 */
export function compileText(source: string, path: string): MarkupText {
  const template = compileTemplate(source, { root: goEvent });
  return {
    constant: template.constant ? source : undefined,
    render: (event) => rendering(path, () => template.render(templateData(event))),
    mapLiterals: (map) => compileText(mapLiterals(source, map), path),
  };
}

/**
 * Compiles a document whose texts are Go templates; `path` names it in errors.
 * @throws LayoutError with all texts that do not compile. What its `render` throws is a permanent DeliveryError, RenderFailed.
 */
export function compileDocument(source: unknown, path: string): MarkupDocument {
  const layout = compileLayout(source, { root: goEvent, path });
  return {
    render: (event, options = {}) => rendering(path, () => layout.renderValue(templateData(event, options))),
    mapLiterals: (map) => compileDocument(mapDocumentLiterals(source, map), path),
  };
}

function rendering<T>(path: string, render: () => T): T {
  try {
    return render();
  } catch (cause) {
    const message = isError(cause) ? cause.message : String(cause);
    throw DeliveryError.permanent(`${path} failed on this event: ${message}`, 'RenderFailed', cause);
  }
}
