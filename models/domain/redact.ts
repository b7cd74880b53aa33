const HIDDEN = '***';

/** Text without a gap, in which a URL may stand. */
const WORD = /[^\s"'<>]+/g;

/**
 * `password=…`, `token: …` and the like in query strings, option lists and JSON, with the quotes around the value if there
 * are any. `auth` counts only before `=`: "auth: …" is how our own error messages begin.
 */
const NAMED_SECRET =
  /\b((?:pass(?:word|wd|phrase)?|pwd|token|secret|api[-_]?key)["']?\s*[=:]\s*|auth=)("(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s"'&,;]+)/gi;

/** `Authorization: Basic …` of a protocol trace. */
const AUTHORIZATION = /\b(basic|bearer|digest)\s+[a-z0-9+/=_.~-]{4,}/gi;

/** Text without the credentials of the URLs in it, for everything that is printed, stored or sent. */
export function redact(text: string): string {
  return text
    .replace(WORD, hideUserinfo)
    .replace(NAMED_SECRET, (_all, name: string, value: string) => name + hideValue(value))
    .replace(AUTHORIZATION, (_all, scheme: string) => `${scheme} ${HIDDEN}`);
}

/**
 * `scheme://user:password@host`, however odd the password: everything between the first `://` and the last `@` of a word.
 * A password may hold `@ : / # ?` unescaped, as people paste them. No pattern, since one takes quadratic time on text that is
 * full of `://`, and text comes from outside.
 */
function hideUserinfo(word: string): string {
  const from = word.indexOf('://') + 3;
  const to = word.lastIndexOf('@');
  return from < 3 || to < from ? word : `${word.slice(0, from)}${HIDDEN}${word.slice(to)}`;
}

/** The quotes stay, so that JSON stays JSON. */
function hideValue(value: string): string {
  const quote = /^["']/.exec(value)?.[0] ?? '';
  return `${quote}${HIDDEN}${quote}`;
}

const SHORTEST_HIDDEN = 4;

/**
 * Like `redact`, and hides the given secrets wherever they stand, plain, percent-encoded or within JSON. Secrets shorter
 * than four characters are left to the patterns: hiding every "1" would hide the message.
 */
export function createRedactor(secrets: Iterable<string> = []): (text: string) => string {
  const hidden = new Set<string>();
  for (const secret of secrets) {
    for (const form of formsOf(secret)) if (form.length >= SHORTEST_HIDDEN) hidden.add(form);
  }
  const longestFirst = [...hidden].sort((a, b) => b.length - a.length);
  return (text) => redact(longestFirst.reduce((rest, secret) => rest.split(secret).join(HIDDEN), text));
}

/** What a secret may look like in text. */
function formsOf(secret: string): readonly string[] {
  const plain = [secret, percentDecoded(secret)];
  const encoded = plain.flatMap((text) => [encodeURIComponent(wellFormed(text)), percentEncode(text)]);
  return [...plain, ...encoded, ...plain.map((text) => JSON.stringify(text).slice(1, -1))];
}

/** Half a surrogate pair, which `encodeURIComponent` throws at, becomes U+FFFD. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded text: the plain form stands.
    return text;
  }
}

/**
 * Text as a part of a URL, whatever it holds. Stricter than `encodeURIComponent`, which leaves `!'()*`: a quote would end
 * the URL for whoever looks for URLs in text.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(wellFormed(text)).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** User name and password of a URL, as pasted and decoded; empty where there is none or it is no URL. */
export function credentialsOf(url: string): readonly string[] {
  const match = /^[a-z][a-z0-9+.-]*:\/\/(.*)@/is.exec(url);
  const credentials = match?.[1];
  if (credentials === undefined) return [];
  const colon = credentials.indexOf(':');
  return colon < 0 ? [credentials] : [credentials.slice(colon + 1), credentials];
}

/**
 * `BARE_USERINFO` in an argument, also behind a scheme that lacks its colon or a slash: `rtsp//user:password@host`. Behind a scheme
 * the user may hold slashes, as that of a domain does.
 */
const MISTYPED_USERINFO =
  /(?:^|=)(?!(?:file|sdp|v4l2|test):|[a-z]:[\\/])(?:(?:rtsps?|rtmps?|https?|srt|udp|tcp|rediss?|mqtts?):?\/{1,2}[^:@=]*|[^/:@=]+):(?!\/\/)(.+)@/is;

/** Passwords in an argument of a command line: of the URL in it, also where its scheme was forgotten or mistyped. */
export function credentialsIn(argument: string): readonly string[] {
  const url = /[a-z][a-z0-9+.-]*:\/\/.*/is.exec(argument)?.[0];
  if (url !== undefined) return credentialsOf(url);
  // Up to the last @: whatever begins is then found at once. Else text full of `=a:` takes quadratic time.
  const password = MISTYPED_USERINFO.exec(argument.slice(0, argument.lastIndexOf('@') + 1))?.[1];
  return password === undefined ? [] : [password];
}

/** One text without the credentials of the URL that it is, also where its scheme was forgotten or mistyped. */
export function hideCredentials(text: string): string {
  return createRedactor(credentialsIn(text))(text);
}

/** `user:password@host` of which the scheme was forgotten; what names a place of this machine has no user. */
const BARE_USERINFO = /^(?!(?:file|sdp|v4l2|test):)([^/:@]+:)(?!\/\/).*@/is;

/** True for `user:password@host/path`: a camera's URL without its scheme. No drive of Windows is one, nor `./a:b@c.mp4`. */
export function lacksScheme(text: string): boolean {
  return BARE_USERINFO.test(text) && !/^[a-z]:[\\/]/i.test(text);
}

/**
 * A URL for people, whatever stands in it: all between `://` and the last `@` is hidden, also what no parser would take, and
 * a password before a host without a scheme.
 */
export function redactUrl(url: string): string {
  const hidden = url.replace(/^([a-z][a-z0-9+.-]*:\/\/).*@/is, `$1${HIDDEN}@`);
  return redact(hidden.replace(BARE_USERINFO, `$1${HIDDEN}@`));
}
