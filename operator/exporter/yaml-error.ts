import type { YAMLError } from 'yaml';

/** What became of something that YAML does not allow. */
export interface YamlVerdict {
  /** The exporter takes it without a word, so it is a warning and no error. */
  readonly isTolerated: boolean;
  /** What is wrong and what to do; undefined when there is nothing to tell. */
  readonly message?: string;
}

const tolerated: Partial<Record<YAMLError['code'], YamlVerdict>> = {
  TAB_AS_INDENT: {
    isTolerated: true,
    message: 'is indented by a tab, which makes the exporter lose the key; it is read here: indent by spaces',
  },
  BAD_DQ_ESCAPE: { isTolerated: true },
};

/** Judges an error of the YAML parser as the exporter, whose parser is laxer, would. */
export function judgeYamlError({ code, pos, message }: YAMLError, text: string): YamlVerdict {
  if (code === 'MISSING_CHAR' && message.startsWith('Missing closing')) {
    // told where the quote is opened, by whoever reads the value
    return { isTolerated: true };
  }
  const known = tolerated[code];
  if (known !== undefined) return known;
  if (code === 'RESOURCE_EXHAUSTION') return { isTolerated: false, message: 'is nested too deep to be read' };
  const [told = ''] = message.split('\n');
  return {
    isTolerated: false,
    message: `is not valid YAML: ${lowerFirst(told)}${remedy(lineAround(text, pos[0]), code)}`,
  };
}

/** The texts of a line can be secrets, so a message names no more than its key. */
function remedy(line: string, code: YAMLError['code']): string {
  const [, key] = /^\s*(?:- +)?([\w.-]+) *:/.exec(line) ?? [];
  const what = key === undefined ? 'the value' : `the value of \`${key}\``;
  if (/["'] *, *(#.*)?$/.test(line)) return `; remove the comma after ${what}`;
  if (/\{ ?\{/.test(line)) {
    return `; put the whole of ${what} in quotes: values with special characters such as {{ need them, and quotes inside of them are written \\"`;
  }
  if (code === 'BAD_SCALAR_START' || /: .*[:#@`%&*!|>{[]/.test(line)) return `; put ${what} in quotes`;
  return '';
}

function lineAround(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, end === -1 ? undefined : end);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
