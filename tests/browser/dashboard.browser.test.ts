import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

const WAIT_MS = 30_000;

let system: System;
let repository: Repository;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  repository = await createRepository(nodeApp({ says: 'one' }));
  system = await startSystem();
  await system.client.createApp({ name: 'shop', repository: repository.url });
  // Chromium's sandbox needs a user of its own, which CI has not.
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
});

afterAll(async () => {
  await browser?.close();
  await system?.stop();
  await repository?.remove();
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(WAIT_MS);
  page = await context.newPage();
  complaints = [];
  // A blocked style or script, an error of ours: the console says so.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
});

afterEach(async () => {
  await context.close();
  if (complaints.length > 0) throw new Error(`The browser complained:\n${complaints.join('\n')}`);
});

async function signIn(path = '/'): Promise<void> {
  await page.goto(`${system.apiUrl}${path}`);
  await page.getByLabel('Token').fill(system.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** A measure of the log's pane. */
const ofLog = async (property: string): Promise<number> =>
  Number(await page.evaluate(`document.querySelector('[role=log]').${property}`));
const pathOf = (id: string): string => `/deployments/${id}`;
const station = (name: string) => page.getByRole('list', { name: 'Stages' }).getByRole('button', { name });

test('nothing is shown without the token, and a wrong one is refused', async () => {
  await page.goto(system.apiUrl);
  await page.getByLabel('Token').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('not the token').waitFor();
  await page.getByLabel('Token').fill(system.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Deployments' }).waitFor();
  // The token is neither in a place that scripts read nor in the address.
  const readable = 'document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href';
  expect(await page.evaluate(readable)).not.toContain(system.token);
  await page.reload();
  await page.getByRole('heading', { name: 'Deployments' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  await page.reload();
  await page.getByLabel('Token').waitFor();
});

test('a deployment is watched from its first stage to live, without loading the page again', async () => {
  await repository.commit(
    nodeApp({ says: 'two', build: 'for n in 1 2 3 4 5 6; do echo "step $n of 6"; sleep 0.3; done' }),
  );
  await signIn('/apps/shop');
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await page.waitForURL('**/deployments/dep_*');
  await station('Build running').waitFor();
  await page.getByRole('log').getByText('step 2 of 6').waitFor();
  await page.getByText('Succeeded').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  for (const name of ['Fetch source done', 'Build done', 'Migrate skipped', 'Switch traffic done', 'Clean up done'])
    await station(name).waitFor();
  const lines = await page
    .getByRole('log')
    .locator('.log-line', { hasText: /step \d of 6/ })
    .allInnerTexts();
  expect(lines).toHaveLength(6);
  expect(await system.visit('shop')).toEqual({ status: 200, body: 'two' });

  await station('Build').click();
  expect(await page.getByRole('log').getByText('Healthy after').count()).toBe(0);
});

test('a failed deployment opens with its diagnosis, and the evidence leads into the log', async () => {
  await repository.commit(
    nodeApp({ says: 'three', build: 'echo checking; echo "boom: the widget is missing" >&2; exit 3' }),
  );
  const failed = await system.deploy('shop');
  expect(failed.status).toBe('failed');
  await signIn(pathOf(failed.id));
  await page.getByRole('heading', { name: failed.diagnosis!.title }).waitFor();
  await page.getByText('What to do').waitFor();
  await station('Build failed').waitFor();
  await page.getByRole('log').getByText('boom: the widget is missing').first().waitFor();
  expect((await system.visit('shop')).body).toBe('two');
  const evidence = page.getByRole('button', { name: /show it in the log/ }).first();
  if ((await evidence.count()) > 0) {
    await evidence.click();
    await page.locator('.log-line.marked').waitFor();
  }
});

test('the log stops following when one scrolls up, and follows again when asked', async () => {
  await repository.commit(
    nodeApp({
      says: 'four',
      build: 'n=0; while [ $n -lt 400 ]; do n=$((n+1)); echo "line $n"; done; sleep 4; echo "the end"',
    }),
  );
  await signIn('/apps/shop');
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  const log = page.getByRole('log');
  await log.getByText('line 400', { exact: true }).waitFor();
  await log.hover();
  await page.mouse.wheel(0, -3_000);
  await page.getByRole('button', { name: 'Follow' }).waitFor();
  const before = await ofLog('scrollTop');
  await log.getByText('the end', { exact: true }).waitFor({ state: 'attached' });
  expect(await ofLog('scrollTop')).toBe(before);
  await page.getByRole('button', { name: /Follow|To the end/ }).click();
  await expect
    .poll(async () => (await ofLog('scrollHeight')) - (await ofLog('scrollTop')) - (await ofLog('clientHeight')))
    .toBeLessThan(32);
});

test('cancel and roll back are one click and one question away', async () => {
  await repository.commit(nodeApp({ says: 'five', build: 'sleep 60' }));
  await signIn('/apps/shop');
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await station('Build running').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Cancelled', { exact: true }).waitFor();

  await page.getByRole('link', { name: 'shop', exact: true }).click();
  await page.getByRole('button', { name: 'Roll back' }).first().click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Go to #/ })
    .click();
  await page.waitForURL('**/deployments/dep_*');
  await page.getByText('Live', { exact: true }).waitFor();
  expect((await system.visit('shop')).body).toBe('two');
});

test('it holds on a phone: nothing is wider than the screen', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const { deployments } = await system.client.deployments('shop', { limit: 20 });
  const failed = deployments.find(({ status }) => status === 'failed')!;
  await signIn();
  for (const path of ['/', '/apps/shop', pathOf(failed.id)]) {
    await page.goto(`${system.apiUrl}${path}`);
    await page.getByRole('heading').first().waitFor();
    await page.getByText('#').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(390);
  }
});

test('an app’s page names its variables, and shows the value of none that is sensitive', async () => {
  await system.client.setVariable('shop', 'TOKEN', { value: 'quite-secret', scope: 'run' });
  await system.client.setVariable('shop', 'MODE', { value: 'fast', sensitive: false });
  await signIn('/apps/shop');
  const variables = page.getByRole('region', { name: 'Variables' }).getByRole('listitem');
  await variables.filter({ hasText: 'TOKEN' }).filter({ hasText: 'migrations and instances' }).waitFor();
  await variables.filter({ hasText: 'MODE' }).filter({ hasText: 'fast' }).waitFor();
  expect(await page.content()).not.toContain('quite-secret');
});
