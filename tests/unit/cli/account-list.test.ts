import { expect, it } from 'vitest'
import { accountCommands } from '#src/cli/accounts.ts'
import type { Invocation } from '#src/cli/command.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { XrpcError } from '#src/errors.ts'

it('account list shows the status of accounts that listRepos leaves out, since they were never active', async () => {
  const answers: Record<string, object> = {
    'com.atproto.admin.searchAccounts': {
      accounts: ['active', 'moving', 'deleted'].map((name) => ({
        ...{ did: `did:plc:${name}`, handle: `${name}.test`, email: '', indexedAt: '' },
      })),
    },
    'com.atproto.sync.listRepos': { repos: [{ did: 'did:plc:active', active: true }] },
    'did:plc:moving': { active: false, status: 'deactivated' },
  }
  const server = {
    async get(method: string, { did }: { did?: string }) {
      const answer = answers[did ?? method]
      if (answer === undefined) throw new XrpcError(400, 'RepoNotFound', 'Could not find repo')
      return answer
    },
  } as unknown as ServerClient
  const list = accountCommands.find(({ name }) => name === 'account list')!
  const invocation = { server, operands: [], options: {}, report() {} } as unknown as Invocation
  const accounts = (await list.run(invocation)) as { did: string; status: string }[]
  expect(accounts.map(({ did, status }) => [did, status])).toEqual([
    ['did:plc:active', 'active'],
    ['did:plc:moving', 'deactivated'],
    ['did:plc:deleted', ''],
  ])
})
