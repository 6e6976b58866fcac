/** dev.headwater.tenant: creates accounts, one or a file of them, and adopts DIDs. */
import { newRkeys } from '#src/gateway/group/new-group.ts'
import type { BodyStream } from '#src/gateway/http/body-stream.ts'
import { corsHeaders, RawResponse } from '#src/gateway/http/response.ts'
import { mustBePrincipal } from '#src/gateway/methods/group-methods.ts'
import { addAudit } from '#src/gateway/methods/tenant-methods.ts'
import { checkAccount } from '#src/gateway/provisioning/check-account.ts'
import { withIdempotencyKey } from '#src/gateway/provisioning/idempotency-key.ts'
import { linesOf } from '#src/gateway/provisioning/lines.ts'
import { rowResults } from '#src/gateway/provisioning/row-results.ts'
import { MAX_FILE_BYTES, type RowKind, rowRunner } from '#src/gateway/provisioning/row-runner.ts'
import type { TenantCaller } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import * as lexicons from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const MAX_BODY_BYTES = 1_000_000

const writes = { auth: 'tenant', tenantScope: 'accounts:write' } as const
const takesFile = { ...writes, bodyLimit: MAX_FILE_BYTES } as const

export const createAccount = method(lexicons.createAccount, {
  ...writes,
  bodyLimit: MAX_BODY_BYTES,
  run: async (call) => {
    const { caller, input, server, request } = call
    const { tenant } = caller
    const { provisioning, dispatch } = server
    const actor = dispatch.tenant(tenant.id)
    const method = lexicons.createAccount.main.nsid
    const { keychain } = provisioning
    const keyed = { request, method, input, tenant: { id: tenant.id, actor }, keychain }
    return withIdempotencyKey(keyed, async () => {
      const account = await checkAccount(
        {
          ...{ tenant, handles: await server.handleRules(), newRkey: newRkeys() },
          mustBePrincipal: (did) => mustBePrincipal(server, did),
        },
        input,
      )
      const audited = addAudit(call, 'createAccount', { externalId: account.externalId })
      const { session, ...created } = await provisioning.one(tenant.id).create(account, audited)
      return { ...created, ...session }
    })
  },
})

export const createAccounts = method(lexicons.createAccounts, {
  ...takesFile,
  run: (call) => runFile(call, 'createAccounts'),
})

export const adoptAccounts = method(lexicons.adoptAccounts, {
  ...takesFile,
  run: (call) => runFile(call, 'adoptAccounts'),
})

interface FileCall {
  caller: TenantCaller
  server: ServerContext
  input: unknown
}

async function runFile(call: FileCall, kind: RowKind): Promise<RawResponse> {
  const { caller, server, input } = call
  const { provisioning } = server
  const { tenant } = caller
  const end = provisioning.beginFile(tenant.id)
  try {
    await addAudit(call, kind)
    const runRow = rowRunner(server, { tenant, kind, maySignIn: true })
    const { timer, log } = provisioning
    const lines = linesOf((input as BodyStream).bytes)
    const results = rowResults({ runRow, timer, log, onEnd: end }, lines)
    return new RawResponse(results, {
      ...corsHeaders,
      ...{ 'cache-control': 'private, no-store', vary: 'Authorization' },
      'content-type': 'application/x-ndjson',
      // Compression would hold lines back.
      'accept-ranges': 'none',
    })
  } catch (error) {
    end()
    throw error
  }
}
