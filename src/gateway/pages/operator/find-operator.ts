/**
 * Who may open the console: an operator with a session of the admin password, or an account of PDS_OPERATOR_DIDS that signed
 * in on the account pages with a second factor.
 */
import type { Context } from 'hono'
import { XrpcError } from '#src/errors.ts'
import {
  type OperatorKeys,
  operatorSessionOf,
  readOperatorToken,
} from '#src/gateway/pages/operator/operator-session.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import type { Clock } from '#src/ports/clock.ts'
import { ADMIN_PASSWORD } from '#src/rules/operators.ts'

export interface Operator {
  /** A DID, or `admin password`; as in the audit log. */
  actor: string
  /** A handle, or `admin password`. */
  name: string
}

export interface FindOperatorPorts extends OperatorKeys {
  server: Pick<ServerContext, 'dispatch' | 'service'>
  findAccount: FindAccount
  operatorDids: readonly string[]
  clock: Clock
}

/** `lacksFactor`: the handle of an operator whose session began without a second factor. */
export type FoundOperator = { operator: Operator } | { lacksFactor?: string }

export async function findOperator(
  ports: FindOperatorPorts,
  c: Context<Env>,
  { pageToken, network }: PageSession,
): Promise<FoundOperator> {
  const { server, operatorDids, clock } = ports
  const { operatorSessions } = server.dispatch.directory
  const token = readOperatorToken(c, server.service.publicUrl)
  const session = token === undefined ? undefined : operatorSessionOf(ports, token, clock.now())
  if (session !== undefined && !(await operatorSessions.hasEnded(session))) {
    return { operator: { actor: ADMIN_PASSWORD, name: ADMIN_PASSWORD } }
  }
  // Checked first, so that only operators' accounts are woken.
  if (pageToken === undefined || !operatorDids.includes(pageToken.did)) return {}
  const did = await ports.findAccount(pageToken.did)
  if (did === undefined) return {}
  const account = server.dispatch.account(did, network, 'sign in')
  try {
    const checked = await account.page.check({ token: pageToken.token })
    const name = (await account.identity.getIdentity()).handle ?? did
    // A process of the previous release returns nothing.
    return checked?.secondStep ? { operator: { actor: did, name } } : { lacksFactor: name }
  } catch (error) {
    if (error instanceof XrpcError && error.status === 401) return {}
    throw error
  }
}
