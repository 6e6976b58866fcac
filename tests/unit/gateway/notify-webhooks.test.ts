/** What the gateway sends to webhooks itself: reports. */
import { describe, expect, it } from 'vitest'
import { createReport } from '#src/gateway/methods/com.atproto.moderation.ts'
import { notifyWebhooks, type WebhookDispatch } from '#src/gateway/notify-webhooks.ts'
import { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'

function open(hasWebhooks: boolean) {
  const sent: object[] = []
  const woken: string[] = []
  const dispatch: WebhookDispatch = {
    directory: { webhookOwners: { has: async () => hasWebhooks } },
    webhooks(owner) {
      woken.push(owner)
      return {
        deliveries: {
          async notify(message) {
            sent.push(message)
            return { hasRoom: true }
          },
        },
      }
    },
  }
  return { dispatch, sent, woken }
}

describe('notifyWebhooks', () => {
  it('without webhooks of the operator no actor is called', async () => {
    const { dispatch, woken } = open(false)
    await notifyWebhooks(dispatch, 'report.received', {})
    expect(woken).toEqual([])
  })

  it('each message has an id of its own', async () => {
    const { dispatch, sent, woken } = open(true)
    for (let i = 0; i < 2; i++) await notifyWebhooks(dispatch, 'report.received', { i })
    expect(woken).toEqual(['server', 'server'])
    const ids = sent.map((one) => (one as { id: string }).id)
    expect(new Set(ids).size).toBe(2)
    expect(sent[0]).toMatchObject({ type: 'report.received', data: { i: 0 } })
  })
})

describe('createReport', () => {
  const did = 'did:plc:alice'
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did: 'did:plc:bob' }
  const input = { reasonType: 'com.atproto.moderation.defs#reasonSpam', reason: 'private', subject }

  async function report(call: () => Promise<object>) {
    const { dispatch, sent } = open(true)
    const backgroundTasks = new BackgroundTasks(() => {})
    const findTarget = async () => ({ url: 'https://mod.example', did: 'did:web:mod.example' })
    const server = { services: { findTarget, call }, dispatch, backgroundTasks }
    const request = new Request('https://pds.example/')
    const outcome = await createReport.run({ did, input, request, server }).catch(() => 'failed')
    await backgroundTasks.settled()
    return { outcome, sent }
  }

  it('webhooks are sent a report that the service has taken, without its text', async () => {
    const { outcome, sent } = await report(async () => ({ id: 1 }))
    expect(outcome).toEqual({ json: '{"id":1}' })
    const { reasonType } = input
    expect(sent).toMatchObject([
      {
        type: 'report.received',
        data: { did, reasonType, subject, service: 'did:web:mod.example' },
      },
    ])
    expect(JSON.stringify(sent)).not.toContain('private')
  })

  it('webhooks are sent no report that the service has refused', async () => {
    const { outcome, sent } = await report(() => Promise.reject(new Error('refused')))
    expect({ outcome, sent }).toEqual({ outcome: 'failed', sent: [] })
  })
})
