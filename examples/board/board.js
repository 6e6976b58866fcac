/** A board that several people write on: notes are records of their authors, who is here and who types is not stored. */
import { Agent, CredentialSession } from '@atproto/api'
import { Realtime } from '@headwater/realtime'

const [NOTE, CHANNEL] = ['dev.headwater.example.note', 'dev.headwater.realtime.channel']
const done = { create: 'added', update: 'changed', delete: 'removed' }
const parameters = new URLSearchParams(location.search)
const service = parameters.get('service') ?? 'http://localhost:2583'
const element = (id) => document.getElementById(id)
const make = (tag, properties) => Object.assign(document.createElement(tag), properties)
const show = (id, ...content) => element(id).replaceChildren(...content)
const report = ({ message }) => show('error', message)

const store = (_, session) => localStorage.setItem(service, JSON.stringify(session ?? null))
const session = new CredentialSession(new URL(service), undefined, store)
const { repo, identity } = new Agent(session).com.atproto
const didOf = async (name) =>
  name.startsWith('did:') ? name : (await identity.resolveHandle({ handle: name })).data.did

/** Runs with the form's fields when it is submitted, and empties them; a failure is shown below and brings them back. */
function onSubmit(id, run) {
  const form = element(id)
  form.onsubmit = async (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(form))
    form.after(element('error'))
    show('error')
    form.reset()
    await run({ ...fields, createdAt: new Date().toISOString() }).catch((error) => {
      for (const name in fields) form.elements[name].value ||= fields[name]
      report(error)
    })
  }
}

async function openBoard() {
  const { did: me, handle } = session.session
  const owner = await didOf(parameters.get('board') ?? me)
  document.body.className = 'signed-in'
  const realtime = new Realtime({ service, session })
  await realtime.saveCursor(localStorage)
  realtime.on('status', (status) => show('status', status))
  realtime.on('error', report)
  const [notes, handles] = [new Map(), new Map()]
  let [members, channel] = [[]]
  // The record says who may enter the channel; here also whose notes are on the board.
  realtime.record(`at://${owner}/${CHANNEL}/board`).subscribe(({ value }) => {
    members = value?.members ?? []
    for (const did of [owner, ...members]) if (!notes.has(did)) follow(did).catch(report)
    const role = owner === me ? 'owner' : members.includes(me) ? 'member' : 'guest'
    element('board').className = role
    if (role !== 'guest') channel ??= enter()
  })
  async function follow(did) {
    notes.set(did, [])
    handles.set(did, (await repo.describeRepo({ repo: did })).data.handle)
    realtime.collection(NOTE, { did }).subscribe(({ records }) => {
      const all = [...notes.set(did, records).values()].flat()
      all.sort((a, b) => (a.value.createdAt < b.value.createdAt ? 1 : -1))
      show('notes', ...all.map(noteItem))
    })
    // Continues after a reload, with what happened meanwhile.
    realtime.on('commit', { dids: [did], collections: [NOTE] }, ({ operation, record }) => {
      const textContent = `${handles.get(did)} ${done[operation]} ${record?.text ?? 'a note'}`
      element('changes').append(make('li', { textContent }))
    })
  }

  function noteItem({ uri, value }) {
    const [, , did, collection, rkey] = uri.split('/')
    const item = make('li', { textContent: value.text })
    item.append(' ', make('small', { textContent: handles.get(did) }))
    const onclick = () => repo.deleteRecord({ repo: did, collection, rkey }).catch(report)
    if (did === me) item.append(make('button', { textContent: 'Remove', onclick }))
    return item
  }

  function enter() {
    const channel = realtime.channel({ did: owner, name: 'board', state: { name: handle } })
    const names = () => [...channel.present.values()].map(({ name }) => name)
    channel.on('presence', () => show('present', names().sort().join(', ')))
    channel.on('message', ({ from, body }) => {
      const textContent = `${channel.present.get(from)?.name ?? from} is typing …`
      if (from !== me && body.typing) show('typing', make('span', { textContent }))
    })
    channel.on('error', report)
    return channel
  }

  let typedAt = 0
  element('write').oninput = () => {
    if (Date.now() - typedAt < 2_000) return
    typedAt = Date.now()
    channel?.publish({ typing: true }).catch(report)
  }
  onSubmit('write', (record) => repo.createRecord({ repo: me, collection: NOTE, record }))
  onSubmit('invite', async ({ name, createdAt }) => {
    const invited = [...new Set([...members, await didOf(name)])]
    const record = { access: 'members', members: invited, createdAt }
    await repo.putRecord({ repo: owner, collection: CHANNEL, rkey: 'board', record })
  })
  element('sign-out').onclick = () => session.logout().finally(() => location.reload())
}

onSubmit('sign-in', (fields) => session.login(fields).then(openBoard))
const stored = JSON.parse(localStorage.getItem(service) ?? 'null')
if (stored !== null) session.resumeSession(stored).then(openBoard).catch(report)
