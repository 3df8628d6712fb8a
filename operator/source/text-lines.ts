import { StringDecoder } from 'node:string_decoder';

/** Reads a stream of UTF-8 line by line, without line ends and without a byte order mark. */
export async function* readLines(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let isFirst = true;
  let rest: string[] = [];
  const finish = (line: string): string => {
    const whole = [...rest, line].join('');
    rest = [];
    const text = isFirst && whole.startsWith('\ufeff') ? whole.slice(1) : whole;
    isFirst = false;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  };
  for await (const chunk of stream) {
    const lines = (typeof chunk === 'string' ? chunk : decoder.write(chunk)).split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) yield finish(line);
    if (last !== '') rest.push(last);
  }
  const end = finish(decoder.end());
  if (end !== '') yield end;
}
