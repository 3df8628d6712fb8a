/** Masks tokens in what a server says: some repeat what they were sent. */
export function withoutTokens(text: string): string {
  return text.replace(/\b(Bearer\s+\S+|eyJ[\w.-]+|ya29\.[\w.-]+)/g, '***');
}
