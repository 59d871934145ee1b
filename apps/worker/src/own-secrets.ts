/** What this process knows and no log may show: the password of Redis, as the URL has it and as Redis takes it. */
export function ownSecrets({ REDIS_URL }: { readonly REDIS_URL: string }): string[] {
  // Not by `URL`, which encodes what it finds: the text of the setting is what would be printed.
  const raw = /^rediss?:\/\/[^/?#]*?:(.*)@/.exec(REDIS_URL)?.[1] ?? '';
  return [...new Set([raw, decoded(raw)])].filter((value) => value !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
