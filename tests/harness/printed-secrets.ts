/**
 * `print(name, value)` in the source of an app: prints a secret in the forms in which tools print them, in one piece and in several,
 * and so often that wherever output is cut, a secret lies across the cut.
 */
export const PRINT_SECRET = `
exports.print = async (name, value) => {
  const say = (form, text) => console.log(name + ' ' + form + ' ' + text);
  const base64 = (text, form = 'base64') => Buffer.from(text).toString(form);
  say('raw', value);
  say('base64', base64(value));
  for (const user of ['a', 'ab', 'abc']) say('base64 of a longer text', base64(user + ':' + value + '@host'));
  for (const user of ['a', 'ab', 'abc']) say('base64url of a longer text', base64(user + ':' + value + '@host', 'base64url'));
  say('base64 in lines', base64(value + '\\n').replace(/.{76}/g, '$&\\n'));
  say('url', 'https://user:' + encodeURIComponent(value) + '@host/');
  say('url in small letters', encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()));
  say('form', new URLSearchParams({ value }));
  const json = JSON.stringify({ value });
  say('json', json);
  say('json of json', JSON.stringify({ json }));
  say('json in ASCII', json.replace(/[^\\0-\\x7f]/g, (letter) => '\\\\u' + letter.charCodeAt(0).toString(16).padStart(4, '0')));
  say('json for HTML', json.replace(/[&<>]/g, (letter) => '\\\\u00' + letter.charCodeAt(0).toString(16)));
  say('json of PHP', json.replaceAll('/', '\\\\/'));
  process.stdout.write(name + ' in two pieces ' + value.slice(0, 20));
  await new Promise((resolve) => setTimeout(resolve, 700));
  process.stdout.write(value.slice(20) + '\\n');
  process.stdout.write(name + ' in letters ');
  for (const letter of value) process.stdout.write(letter);
  // One long line, then more lines than any chunk holds.
  process.stdout.write('\\n' + value.repeat(400) + '\\n');
  process.stdout.write((value + '\\n').repeat(3000));
  console.log(name + ' was printed');
};
`;
