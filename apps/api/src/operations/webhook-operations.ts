import { DeliveryList, IgnoredDelivery, WebhookSecret } from '@switchyard/client';
import { Provider, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import { requireApp } from '../app-views.ts';
import { NO_BODY, operation, RAW_BODY } from '../operation.ts';
import { invalidInput } from '../problems.ts';
import { deliveryHeaders } from '../webhooks/delivery-headers.ts';
import { type Told, tell } from '../webhooks/payload.ts';
import { parsePayload, readRawBody } from '../webhooks/raw-body.ts';
import { isSigned, SIGNATURE_HEADERS } from '../webhooks/signature.ts';
import { takeDelivery } from '../webhooks/take-delivery.ts';
import { accepted, answerAccepted } from './accepted.ts';
import { AppPath } from './app-operations.ts';

const none = z.object({});

const takeWebhook = operation({
  id: 'takeWebhook',
  method: 'post',
  path: '/v1/hooks/{app}/{provider}',
  tag: 'Webhooks',
  access: 'none',
  summary: 'Take a webhook delivery',
  description:
    'For forges. Instead of a token counts the forge’s own signature, made with the app’s webhook secret: `X-Hub-Signature-256` (GitHub), `X-Gitea-Signature` (Gitea) or `X-Gitlab-Token` (GitLab). A push of the app’s branch deploys it; everything else is answered with the reason why it does not.',
  params: AppPath.extend({ provider: Provider.meta({ description: 'Whose webhook it is.' }) }),
  query: none,
  body: RAW_BODY,
  answers: {
    200: {
      description: 'Nothing is deployed, and why.',
      content: { 'application/json': IgnoredDelivery },
    },
    202: accepted,
  },
  errors: ['app-not-found', 'app-being-deleted', 'signature-invalid', 'too-many-deployments'],
  async handle({ params, request, response }, { store, settings, clock, webhooks, log }) {
    const app = await requireApp(store, params.app);
    const { provider } = params;
    const header = SIGNATURE_HEADERS[provider];
    const signature = request.get(header);
    // Before the body is read: who can't have signed it sends nothing.
    if (signature === undefined)
      throw new SwitchyardError(
        'signature-invalid',
        `The header ${header} is missing. Enter the app’s webhook secret where the webhook was made.`,
      );
    const body = await readRawBody(request, response);
    const generation = await store.webhooks.generation(app.id);
    if (!generation || !isSigned(provider, signature, body, webhooks.secretOf(app.id, generation))) {
      log.warn({ app: app.name, provider }, 'a webhook delivery was not signed with the secret that counts');
      throw new SwitchyardError(
        'signature-invalid',
        `This is not signed with the webhook secret of ${app.name} that counts. \`switchyard webhook ${app.name}\` makes a new one.`,
      );
    }
    const { event, id } = deliveryHeaders(provider, request);
    const told = toldOf(provider, event, parsePayload(body, request));
    const taken = await takeDelivery(store, app, { provider, event, id, told });
    if (taken.verdict === 'ignored') {
      response.json({ ignored: taken.reason, cause: taken.cause });
      return;
    }
    const { deployment } = taken;
    await answerAccepted(response, deployment, { store, settings, clock });
  },
});

function toldOf(provider: Provider, event: string, payload: unknown): Told {
  try {
    return tell(provider, event, payload);
  } catch (error) {
    if (error instanceof z.ZodError) throw invalidInput(error.issues);
    throw error;
  }
}

const renewWebhookSecret = operation({
  id: 'renewWebhookSecret',
  method: 'post',
  path: '/v1/apps/{app}/webhook-secret',
  tag: 'Webhooks',
  access: 'token',
  summary: 'Make a webhook secret',
  description:
    'Answers with a new secret, which is shown this once, and with the URLs to enter at a forge. The secret before it stops counting at once.',
  params: AppPath,
  query: none,
  body: z.strictObject({}),
  answers: {
    201: { description: 'The secret, and where to enter it.', content: { 'application/json': WebhookSecret } },
  },
  errors: ['app-not-found'],
  async handle({ params, response }, { store, settings, webhooks }) {
    const app = await requireApp(store, params.app);
    const generation = await store.webhooks.renew(app.id);
    const url = (provider: Provider): string => `${settings.publicUrl}/v1/hooks/${app.name}/${provider}`;
    response.status(201).json({
      secret: webhooks.secretOf(app.id, generation),
      urls: { github: url('github'), gitlab: url('gitlab'), gitea: url('gitea') },
    });
  },
});

const listDeliveries = operation({
  id: 'listDeliveries',
  method: 'get',
  path: '/v1/apps/{app}/deliveries',
  tag: 'Webhooks',
  access: 'token',
  summary: 'List an app’s webhook deliveries',
  description:
    'The last 100 of 30 days, each with what became of it. Deliveries whose signature was wrong are not among them.',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'Newest first.', content: { 'application/json': DeliveryList } } },
  errors: ['app-not-found'],
  async handle({ params, response }, { store }) {
    const app = await requireApp(store, params.app);
    const deliveries = await store.webhooks.deliveries(app.id);
    response.json({ deliveries: deliveries.map(({ v: _v, ...delivery }) => delivery) });
  },
});

export const webhookOperations = [takeWebhook, renewWebhookSecret, listDeliveries];
