/** A process with actors that is frozen until its accounts have moved, and then goes on. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { EncodedJson } from '#src/account/answer-cache.ts'
import { PeerConnections } from '#src/engine/peer-connections.ts'
import { TestCluster } from '#tests/support/cluster.ts'
import { createAccounts } from '#tests/support/crash-test.ts'
import type { TestAccount } from '#tests/support/server.ts'

const rounds = Number(process.env['FAULT_ROUNDS'] ?? 0)
const collection = 'com.example.frozen'
const MOVED = { timeout: 60_000, interval: 500 }
const READ_MS = 10_000

/** Whether the write was acknowledged. */
async function write({ did, agent }: TestAccount, text: string): Promise<boolean> {
  const record = { $type: collection, text }
  const input = { repo: did, collection, rkey: 'self', record }
  return agent.com.atproto.repo.putRecord(input).then(
    () => true,
    () => false,
  )
}

function textOf(outcome: Awaited<ReturnType<PeerConnections['call']>>): string | undefined {
  if (typeof outcome === 'symbol' || !('answer' in outcome)) return undefined
  return /before|after/.exec((outcome.answer as EncodedJson).json)?.[0]
}

it.skipIf(rounds === 0)(
  'a process that was frozen while its accounts moved answers no read with what they had before',
  async () => {
    await using cluster = await TestCluster.start({ actors: 2, env: { LOG_LEVEL: 'info' } })
    const accounts = await createAccounts(cluster, 8)
    const before = await Promise.all(accounts.map((account) => write(account, 'before')))
    expect(before).not.toContain(false)
    const [frozen] = cluster.actors
    const { address } = JSON.parse(/^.*calls? its actors here.*$/m.exec(frozen!.output)![0])
    const secrets = readFileSync(join(cluster.dir, 'actors-0/secrets.json'), 'utf8')
    const connections = new PeerConnections(JSON.parse(secrets).internalToken)
    /** What the process itself answers for an account. */
    const answerThere = ({ did }: TestAccount) => {
      const args = [{ collection, rkey: 'self' }]
      const call = { actor: 'account', key: did, group: 'repo', action: 'getRecord', args }
      return connections.call(address, call)
    }
    const there = async () => {
      const answers = await Promise.all(accounts.map(answerThere))
      return accounts.filter((_, n) => textOf(answers[n]!) === 'before')
    }
    await expect.poll(async () => (await there()).length, MOVED).toBeGreaterThan(0)
    const moving = await there()
    process.kill(frozen!.pid, 'SIGSTOP')
    try {
      for (const account of moving)
        await expect.poll(() => write(account, 'after'), MOVED).toBe(true)
    } finally {
      process.kill(frozen!.pid, 'SIGCONT')
    }
    const until = performance.now() + READ_MS
    const outdated: string[] = []
    let answered = 0
    while (performance.now() < until) {
      for (const account of moving) {
        const outcome = await answerThere(account)
        if (textOf(outcome) === 'before') outdated.push(account.did)
        if (typeof outcome !== 'symbol') answered++
      }
      await pause(5)
    }
    connections.close()
    expect(answered).toBeGreaterThan(moving.length)
    expect(outdated).toEqual([])
  },
)
