/** dev.headwater.tenant: files of accounts that are created or adopted in the background. */
import { invalidRequest } from '#src/errors.ts'
import type { BodyStream } from '#src/gateway/http/body-stream.ts'
import { addAudit } from '#src/gateway/methods/tenant-methods.ts'
import { linesOf } from '#src/gateway/provisioning/lines.ts'
import { receiveJob } from '#src/gateway/provisioning/receive-job.ts'
import { MAX_FILE_BYTES, type RowKind, rowKinds } from '#src/gateway/provisioning/row-runner.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as lexicons from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const writes = { auth: 'tenant', tenantScope: 'accounts:write' } as const
const reads = { auth: 'tenant', tenantScope: 'accounts:read' } as const

export const createJob = method(lexicons.createJob, {
  ...writes,
  bodyLimit: MAX_FILE_BYTES,
  run: async (call) => {
    const { caller, params, input, server } = call
    const { tenant } = caller
    const kind = rowKindOf(params.kind)
    const end = server.provisioning.beginFile(tenant.id)
    try {
      await addAudit(call, 'createJob', { kind })
      const rows = linesOf((input as unknown as BodyStream).bytes)
      return await receiveJob(server, { tenant: tenant.id, kind, by: tenant.by }, rows)
    } finally {
      end()
    }
  },
})

export const getJob = method(lexicons.getJob, {
  ...reads,
  run: ({ caller: { tenant }, params, server }) =>
    server.dispatch.tenant(tenant.id).jobs.get({ id: params.id }),
})

export const getJobResults = method(lexicons.getJobResults, {
  ...reads,
  run: async ({ caller: { tenant }, params: { id }, server }) => {
    const { jobs } = server.dispatch.tenant(tenant.id)
    // Throws JobNotFound before the response begins.
    await jobs.get({ id })
    return resultsOf((after) => jobs.getResults({ id, after }))
  },
})

export const cancelJob = method(lexicons.cancelJob, {
  ...writes,
  run: async (call) => {
    const { caller, input, server } = call
    const { id } = input
    await addAudit(call, 'cancelJob', { target: id })
    return server.dispatch.tenant(caller.tenant.id).jobs.cancel({ id })
  },
})

function rowKindOf(text = 'createAccounts'): RowKind {
  const kind = rowKinds.find((known) => known === text)
  if (kind === undefined) throw invalidRequest(`kind must be ${rowKinds.join(' or ')}`)
  return kind
}

async function* resultsOf(
  read: (after: number) => Promise<{ n: number; results: string } | null>,
): AsyncGenerator<Uint8Array> {
  for (let part = await read(-1); part !== null; part = await read(part.n)) {
    yield Buffer.from(part.results)
  }
}
