/** `headwater tenant offboard`, against a server in memory. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { offboard } from '#src/cli/tenant-offboard.ts'
import { XrpcError } from '#src/errors.ts'
import { tempFolder } from '#tests/support/temp-folder.ts'

const dids = ['did:plc:a', 'did:plc:b', 'did:plc:c']

/** A tenant whose accounts are deleted one by one, with each look at it. */
function open(options: Record<string, string | boolean> = {}, answer = '') {
  let status = 'active'
  let left = dids.length
  const posted: [method: string, input: object][] = []
  const asked: string[] = []
  const exported: string[] = []
  const reports: string[] = []
  const server = {
    url: 'http://localhost:2583',
    withHeaders: () => server,
    async get(method: string) {
      if (method.endsWith('listAccounts')) return { accounts: dids.map((did) => ({ did })) }
      if (left === 0) throw new XrpcError(400, 'TenantNotFound', 'There is no tenant roomy')
      const accounts = left
      if (status === 'deleting') left--
      return { id: 'roomy', status, usage: { accounts } }
    },
    async post(method: string, input: object) {
      posted.push([method, input])
      status = 'deleting'
    },
    async bytes(_: string, { did }: { did: string }) {
      exported.push(did)
      return new Blob([`repo of ${did}`]).stream()
    },
  }
  const invocation = {
    ...{ server, operands: ['roomy'], options, print() {}, warn() {} },
    report: (text: string) => void reports.push(text),
  }
  const ask = async (text: string) => {
    asked.push(text)
    return answer
  }
  const ports = { ask, pause: async () => {} }
  const run = () => offboard(invocation as never, ports)
  return { run, posted, asked, exported, reports, begin: () => (status = 'deleting') }
}

it('tenant offboard asks for the tenant and its accounts to be typed, and waits until it is gone', async () => {
  const { run, posted, asked, reports } = open({}, 'delete tenant roomy, delete its 3 accounts')
  expect(await run()).toEqual({ tenant: 'roomy', deleted: true })
  expect(asked).toHaveLength(1)
  const input = { id: 'roomy', keepAccounts: false }
  expect(posted).toEqual([['dev.headwater.admin.deleteTenant', input]])
  expect(reports.at(-1)).toBe('[#############-------] 2 of 3 accounts')
})

it('tenant offboard deletes nothing if something else is typed', async () => {
  const { run, posted } = open({ 'keep-accounts': true }, 'delete tenant roomy')
  await expect(run()).rejects.toThrow('not confirmed')
  expect(posted).toEqual([])
})

it('tenant offboard writes the repos before, and does not write those again that are there', async () => {
  const folder = tempFolder('offboard')
  writeFileSync(join(folder, 'did-plc-b.car'), 'from before')
  const { run, exported, posted } = open({ export: folder, yes: true, 'keep-accounts': true })
  expect(await run()).toEqual({ tenant: 'roomy', deleted: true, exported: 3 })
  expect(exported).toEqual(['did:plc:a', 'did:plc:c'])
  expect(readdirSync(folder).sort()).toEqual(dids.map((did) => `${did.replaceAll(':', '-')}.car`))
  expect(readFileSync(join(folder, 'did-plc-a.car'), 'utf8')).toBe('repo of did:plc:a')
  expect(posted[0]?.[1]).toEqual({ id: 'roomy', keepAccounts: true })
})

it('tenant offboard of a tenant that is being deleted shows how far that is', async () => {
  const { run, begin, posted, asked } = open()
  begin()
  expect(await run()).toEqual({ tenant: 'roomy', deleted: true })
  expect([posted, asked]).toEqual([[], []])
})
