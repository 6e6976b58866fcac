/** Passing on to webhooks the events that the directory keeps for them. */
import { expect, it } from 'vitest'
import { passOnEvents } from '#actors/wake-webhooks.ts'
import type { WebhookEvent } from '#src/directory/webhook-events.ts'
import { createLog } from '#src/log.ts'

const event = (row: number, owner: string): WebhookEvent => ({
  ...{ row, owner, id: `msg_${row}`, type: 'job.finished' },
  ...{ time: '2026-01-01T00:00:00.000Z', data: { row } },
})

/** What each owner does: it stores the message, has no room, or cannot be reached. */
function open(owners: Record<string, string>, events: WebhookEvent[]) {
  const rows = new Map(events.map((one) => [one.row, one]))
  const sent: string[] = []
  const dispatch = {
    directory: {
      webhookEvents: {
        list: async ({ after, limit }: { after: number; limit: number }) =>
          [...rows.values()].filter(({ row }) => row > after).slice(0, limit),
        remove: async (input: { events: { row: number }[] }) => {
          for (const { row } of input.events) rows.delete(row)
        },
      },
    },
    webhooks: (owner: string) => ({
      deliveries: {
        notify: async ({ id }: { id: string }) => {
          sent.push(`${id} to ${owner}`)
          if (owners[owner] === 'away') throw new Error('away')
          return { hasRoom: owners[owner] === 'room' }
        },
      },
    }),
  }
  const settings = { dispatch, log: createLog('silent') }
  return { sent, rows, passOn: () => passOnEvents(settings as never, () => false) }
}

it('an event is removed when the webhooks of its owner have it', async () => {
  const events = Array.from({ length: 450 }, (_, i) => event(i + 1, 'tenant roomy'))
  const { sent, rows, passOn } = open({ 'tenant roomy': 'room' }, events)
  expect(await passOn()).toBe(true)
  expect(sent).toHaveLength(450)
  expect(rows.size).toBe(0)
})

it('events of an owner without room, or that cannot be reached, stay and are sent again', async () => {
  const owners: Record<string, string> = { full: 'full', away: 'away', free: 'room' }
  const events = ['full', 'away', 'free', 'full', 'away'].map((owner, i) => event(i + 1, owner))
  const { sent, rows, passOn } = open(owners, events)
  expect(await passOn()).toBe(false)
  expect(sent.splice(0)).toEqual(['msg_1 to full', 'msg_2 to away', 'msg_3 to free'])
  owners['away'] = 'room'
  owners['full'] = 'room'
  expect(await passOn()).toBe(true)
  expect(sent).toEqual(['msg_1 to full', 'msg_2 to away', 'msg_4 to full', 'msg_5 to away'])
  expect(rows.size).toBe(0)
})
