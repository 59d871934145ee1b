import { DeploymentView } from '@switchyard/client';
import type { Deployment } from '@switchyard/domain';
import type { Response } from 'express';
import { viewDeployment } from '../deployment-views.ts';
import type { ApiParts } from '../parts.ts';

/** Answer to an accepted deployment; it has begun when this is read. */
export const accepted = {
  description: 'Accepted: the deployment reaches a final state whatever happens to a single process.',
  content: { 'application/json': DeploymentView },
  headers: { Location: 'Path of the deployment.' },
};

export async function answerAccepted(
  response: Response,
  deployment: Deployment,
  parts: Pick<ApiParts, 'store' | 'settings' | 'clock'>,
): Promise<void> {
  response
    .status(202)
    .location(`/v1/deployments/${deployment.id}`)
    .json(await viewDeployment(deployment, parts));
}
