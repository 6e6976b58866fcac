/** `headwater tenant offboard`: deletes a tenant, with or without its accounts, and shows the progress. */
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { bar } from '#src/cli/bar.ts'
import { type Command, type Invocation, textOption } from '#src/cli/command.ts'
import { type Ask, mustType, terminalQuestion } from '#src/cli/confirmation.ts'
import { readPages } from '#src/cli/read-pages.ts'
import { XrpcError } from '#src/errors.ts'

const TENANT = 'dev.headwater.tenant'
const POLL_MS = 2_000

interface TenantView {
  id: string
  status: string
  usage: { accounts: number }
}

interface Ports {
  ask: Ask | undefined
  pause(ms: number): Promise<void>
}

export const offboardCommand: Command = {
  name: 'tenant offboard',
  summary: 'Permanently delete a tenant, with or without its accounts',
  details: [
    'Its calls are refused at once. Its accounts are deleted in the background, some 30 a minute; with --keep-accounts they',
    'become accounts of no tenant. Then its domains, keys, admins, invite codes and webhooks are deleted. The server continues',
    'if this command is interrupted, and after a restart; run it again to see the progress.',
  ].join('\n'),
  operands: '<tenant>',
  operandCount: [1, 1],
  alwaysShowsProgress: true,
  options: {
    'keep-accounts': { type: 'boolean', help: 'Keep its accounts, as accounts of no tenant' },
    export: {
      type: 'string',
      value: 'FOLDER',
      help: 'First write the repo of each account to this folder',
    },
    reason: { type: 'string', value: 'TEXT', help: 'For the audit log' },
    yes: { type: 'boolean', help: 'Do not ask for confirmation' },
  },
  run: (invocation) =>
    offboard(invocation, {
      ask: terminalQuestion(),
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    }),
}

/** Exported for tests, which have no terminal. */
export async function offboard(invocation: Invocation, ports: Ports): Promise<object> {
  const { operands, options, server } = invocation
  const id = operands[0]!
  const folder = textOption(invocation, 'export')
  const keepAccounts = options['keep-accounts'] === true
  const find = () => server.withHeaders({ tenant: id }).get<TenantView>(`${TENANT}.getTenant`)
  const { status, usage } = await find()
  if (status !== 'deleting') {
    const exported = folder === undefined ? 0 : await exportAll(invocation, id, folder)
    const accounts = keepAccounts ? 'keep' : 'delete'
    const expected = `delete tenant ${id}, ${accounts} its ${usage.accounts} accounts`
    await mustType(invocation, { what: 'this deletes a tenant for good', expected }, ports.ask)
    const reason = textOption(invocation, 'reason')
    await server.post('dev.headwater.admin.deleteTenant', {
      ...{ id, keepAccounts, ...(reason !== undefined && { reason }) },
    })
    await untilGone(invocation, usage.accounts, find, ports)
    return { tenant: id, deleted: true, ...(folder !== undefined && { exported }) }
  }
  await untilGone(invocation, usage.accounts, find, ports)
  return { tenant: id, deleted: true }
}

async function untilGone(
  { report }: Invocation,
  all: number,
  find: () => Promise<TenantView>,
  { pause }: Ports,
): Promise<void> {
  for (;;) {
    try {
      const { usage } = await find()
      const done = Math.max(0, all - usage.accounts)
      report(`${bar(done, all)} ${done} of ${all} accounts`)
    } catch (error) {
      if (error instanceof XrpcError && error.error === 'TenantNotFound') return
      throw error
    }
    await pause(POLL_MS)
  }
}

/** Skips files that exist, so that an interrupted export can be continued. */
async function exportAll(invocation: Invocation, id: string, folder: string): Promise<number> {
  const server = invocation.server.withHeaders({ tenant: id })
  const accounts = await readPages<{ did: string }>(server, `${TENANT}.listAccounts`, 'accounts', {
    pageSize: 1_000,
  })
  await mkdir(folder, { recursive: true })
  for (const [i, { did }] of accounts.entries()) {
    invocation.report(`${i} of ${accounts.length} exported`)
    const file = join(folder, `${did.replaceAll(':', '-')}.car`)
    if (existsSync(file)) continue
    const part = `${file}.part`
    try {
      const car = await server.bytes(`${TENANT}.exportAccount`, { did })
      await pipeline(car, createWriteStream(part))
      await rename(part, file)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }
  return accounts.length
}
