/** Values shorter than this are not masked: they occur by chance, and masking them would only make logs unreadable. */
const MIN_SECRET_LENGTH = 6;
/** Lines of a value of several lines are masked one by one too: tools print keys with other line ends, or indented. */
const MIN_SECRET_LINE_LENGTH = 16;
/** Encoded pieces shorter than this occur by chance. */
const MIN_ENCODED_LENGTH = 8;
/** Where tools break base64 into lines: `base64` and MIME, `openssl` and PEM. */
const BASE64_COLUMNS = [76, 64];

/**
 * Base64 of a value as a part of a longer encoded text (`user:password`): it starts at one of three places of a group, and only its
 * whole groups look the same wherever it stands. Broken into lines where nothing stands before it.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return encoded.slice(shift === 0 ? 0 : 4, encoded.endsWith('=') ? -4 : undefined);
  });
  const whole = bytes.toString('base64').replace(/=+$/, '');
  const [begun = ''] = forms;
  const inLines = BASE64_COLUMNS.flatMap((columns) =>
    [begun, whole].flatMap((form) => {
      const broken = form.replace(new RegExp(`.{${columns}}(?=.)`, 'g'), '$&\n');
      return broken === form ? [] : [broken, ...linesOf(broken)];
    }),
  );
  forms.push(whole, ...inLines);
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))].filter(
    (form) => form.length >= MIN_ENCODED_LENGTH,
  );
}

function linesOf(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  return lines.length < 2 ? [] : lines.filter((line) => line.length >= MIN_SECRET_LINE_LENGTH);
}

/** Encoders differ in what they leave alone, in how a space looks, and in the letters of their digits. */
function urlForms(value: string): string[] {
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*]/g, (letter) => `%${hex(letter, 2).toUpperCase()}`);
  const forms = [
    component,
    strict,
    ...[component, strict].map((form) => form.replaceAll('%2F', '/')),
    new URLSearchParams({ '': value }).toString().slice(1),
  ];
  return [...forms, ...forms.map((form) => form.replace(/%../g, (code) => code.toLowerCase()))];
}

/** As a text is escaped in JSON, and once more where JSON is a text in JSON. */
function jsonForms(value: string): string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const inAscii = escaped(plain, /[^\0-\x7f]/g);
  const slashed = plain.replaceAll('/', '\\/');
  const forms = [
    plain,
    // Python and Ruby, in ASCII; PHP, which escapes slashes too; Go, which makes it fit for HTML; .NET, which does all that in capitals.
    inAscii,
    slashed,
    escaped(slashed, /[^\0-\x7f]/g),
    escaped(plain, /[&<>\u2028\u2029]/g),
    escaped(plain.replaceAll('\\"', '"'), /[^\0-\x7f]|["&'+<>`]/g).replace(
      /\\u[\da-f]{4}/g,
      (code) => `\\u${code.slice(2).toUpperCase()}`,
    ),
  ];
  return [...forms, ...forms.map((form) => JSON.stringify(form).slice(1, -1))];
}

const hex = (letter: string, digits: number): string => letter.charCodeAt(0).toString(16).padStart(digits, '0');

const escaped = (text: string, letters: RegExp): string => text.replace(letters, (letter) => `\\u${hex(letter, 4)}`);

/** The forms in which values may turn up in output: raw, base64, URL- and JSON-escaped. Longest first, without doubles. */
export function needlesOf(secrets: readonly string[]): string[] {
  const forms = secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    // As UTF-8 carries it.
    .map((secret) => Buffer.from(secret).toString())
    .flatMap((secret) => [
      secret,
      ...base64Forms(secret),
      ...urlForms(secret),
      ...jsonForms(secret),
      ...linesOf(secret),
    ]);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}
