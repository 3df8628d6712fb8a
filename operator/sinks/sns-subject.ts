const maxLength = 100;

/**
 * Makes a subject as SNS takes it (API reference of Publish): ASCII, without line breaks and control characters, beginning
 * with a letter, digit or punctuation, at most 100 characters. One it would refuse would cost the message.
 */
export function snsSubject(text: string): string {
  return text
    .slice(0, 10 * maxLength)
    .replace(/[\u0000-\u0020\u007f-\u00a0]+/g, ' ')
    .replace(/[^\u0020-\u007e]/gu, '?')
    .trim()
    .slice(0, maxLength)
    .trimEnd();
}
