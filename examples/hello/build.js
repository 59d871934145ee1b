import { mkdir, readFile, writeFile } from 'node:fs/promises';

const read = (name) => readFile(new URL(`src/${name}`, import.meta.url), 'utf8');

const [page, style] = await Promise.all([read('page.html'), read('style.css')]);
const built = page.replace('/* style */', () => style.trim());

await mkdir(new URL('dist/', import.meta.url), { recursive: true });
await writeFile(new URL('dist/page.html', import.meta.url), built);
console.log(`dist/page.html: ${built.length} characters`);
