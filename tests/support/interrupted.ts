/** Work of a community that is interrupted by a kill of the server, completed after it, and then as if it had not been. */

import type { Link } from '#tests/support/kill-switch.ts'
import { adminAuthorization } from '#tests/support/moderated-server.ts'
import type { TestServer } from '#tests/support/server.ts'

export interface Interrupted {
  /** Where its messages go. */
  readonly links: readonly Link[]
  /** Prepares one round, while nothing is interrupted. */
  prepare(): Promise<void>
  /** Until its end, or the kill. */
  run(isKilled: () => boolean): Promise<void>
  /** Checks what was acknowledged, completes the rest, and checks the outcome of the round. */
  complete(): Promise<void>
  /** After all rounds. */
  finish(): Promise<void>
}

export interface OperatorAnswer {
  status: number
  body: Record<string, unknown>
}

/** A procedure of `dev.headwater`, by the operator, for a tenant if one is given; a query without `input`. */
export async function asOperator(
  { url }: Pick<TestServer, 'url'>,
  method: string,
  input?: object,
  tenant?: string,
): Promise<OperatorAnswer> {
  const response = await fetch(`${url}/xrpc/dev.headwater.${method}`, {
    method: input === undefined ? 'GET' : 'POST',
    headers: {
      authorization: adminAuthorization,
      ...(tenant !== undefined && { tenant }),
      ...(input !== undefined && { 'content-type': 'application/json' }),
    },
    ...(input !== undefined && { body: JSON.stringify(input) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

/** As the directory counts them at the moment; `tenant.getTenant` may be two seconds old. */
export async function usageOf(
  server: Pick<TestServer, 'url'>,
  tenant: string,
): Promise<{ accounts: number; groups: number }> {
  const { body } = await asOperator(server, 'admin.listTenants')
  const tenants = body['tenants'] as { id: string; usage: { accounts: number; groups: number } }[]
  return tenants.find(({ id }) => id === tenant)!.usage
}
