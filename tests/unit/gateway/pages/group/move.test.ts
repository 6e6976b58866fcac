/** The page on which an owner moves a group, over moves that the test sets. */
import { describe, expect, it } from 'vitest'
import { invalidRequest } from '#src/errors.ts'
import type { Migrations } from '#src/gateway/migrations/open-migrations.ts'
import { moveForms } from '#src/gateway/pages/move/move-page.ts'
import type { Migration } from '#src/rules/migrations.ts'
import { now } from '#tests/support/gateway.ts'
import { ada, openGroupPages } from '#tests/support/group-pages.ts'
import { eddie, olga } from '#tests/support/group-scenarios.ts'
import { testDid } from '#tests/support/open-account.ts'

const server = 'https://next.example'
const base = '/groups/group.test/settings/move'
const waiting: Migration = {
  ...{ direction: 'out', server, step: 'code', error: null, isRunning: false },
  ...{ progress: {}, startedAt: now, updatedAt: now },
}
const owner = expect.objectContaining({ did: olga, role: 'owner', client: 'page' })

async function open(
  move: Migration | null,
  answers: Partial<Record<keyof Migrations, (...args: never[]) => unknown>> = {},
) {
  const asked: unknown[][] = []
  const all: Record<string, (...args: never[]) => unknown> = {
    find: () => move,
    movedTo: () => undefined,
    describe: () => ({ url: server, did: 'did:web:next.example', domains: ['.next.example'] }),
    ...answers,
  }
  const migrations = new Proxy({} as Migrations, {
    get:
      (_, name: string) =>
      async (...args: never[]) => {
        if (name !== 'find' && name !== 'movedTo' && name !== 'describe')
          asked.push([name, ...args])
        return all[name]?.(...args)
      },
  })
  return { pages: await openGroupPages(undefined, migrations), asked }
}

describe('moving a group', () => {
  it('is offered to its owners in the settings', async () => {
    const { pages } = await open(null)
    const settings = async (as: string) => (await pages.get(as, '/settings')).text()
    expect(await settings(olga)).toContain(`href="${base}"`)
    expect(await settings(ada)).not.toContain(base)
    const html = await (await pages.get(olga, '/settings/move?server=next.example')).text()
    expect(html).toContain('The group at next.example')
    expect(html).toContain(`action="${base}/out?server=https%3A%2F%2Fnext.example"`)
  })

  it.each([ada, eddie])('is refused to %s, who is no owner', async (who) => {
    const { pages, asked } = await open(waiting)
    expect((await pages.get(who, '/settings/move')).status).toBe(403)
    for (const name of Object.keys(moveForms)) {
      expect((await pages.post(who, `/settings/move/${name}`)).status, name).toBe(403)
    }
    expect(asked).toEqual([])
  })

  it('begins, is confirmed and is cancelled as the owner that does it', async () => {
    const { pages, asked } = await open(waiting)
    const begun = await pages.post(olga, '/settings/move/out?server=next.example', {
      ...{ name: 'cooks', domain: '.next.example', email: 'cooks@example.com' },
      'new-password': 'correct horse',
    })
    expect([begun.status, begun.headers.get('location')]).toEqual([303, base])
    const sent = await pages.post(olga, '/settings/move/send')
    expect(await sent.text()).toContain('has sent the code by email.')
    await pages.post(olga, '/settings/move/confirm', { code: ' AAAAA-BBBBB ' })
    await pages.post(olga, '/settings/move/cancel')
    const account = { handle: 'cooks.next.example', email: 'cooks@example.com' }
    expect(asked).toEqual([
      ['beginOut', testDid, 'next.example', { ...account, password: 'correct horse' }, owner],
      ['sendCode', testDid, owner],
      ['confirm', testDid, 'AAAAA-BBBBB', owner],
      ['cancel', testDid, owner],
    ])
  })

  it('shows a wrong code at its field', async () => {
    const confirm = () => {
      throw invalidRequest('Token is invalid', 'InvalidToken')
    }
    const { pages } = await open(waiting, { confirm })
    const response = await pages.post(olga, '/settings/move/confirm', { code: 'AAAAA-BBBBB' })
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/id="code"[^>]*aria-invalid="true"/)
  })

  it('says where the group is, and what stays here', async () => {
    const { pages } = await open({ ...waiting, step: 'done' })
    const html = await (await pages.get(olga, '/settings/move')).text()
    expect(html).toContain('The group is at next.example now')
    expect(html).toContain('Members, roles and the activity log stay')
    expect(html).not.toContain('/account/delete')
  })
})
