/** The texts of the pages on moving a group that are not those of an account, in Japanese. */
import type { GroupMoveTexts } from '#src/gateway/pages/move/group/locales/en.ts'

export const ja: GroupMoveTexts = {
  moveAwayHelp:
    'グループのフォロワー、投稿、画像はそのままです。まずコピーされ、誰にも気づかれません。コードで確認したときに初めて移行されます。',
  accountAt: '{server} でのグループ',
  bringBackHelp:
    'グループは現在 {server} にあります。データをここにコピーして戻します。メンバーと役割は残っています。',
  missingHelp:
    '元のサーバーにもうないか、新しいサーバーが受け付けません。このまま続けると、グループの投稿にこれらのファイルは含まれません。',
  confirmHelp:
    'すべてコピーされました。グループのIDを移すには、{server} がメールで送るコードを入力してください。その後、グループは新しいサーバーで有効になり、元のサーバーで無効になります。',
  codeSent: '{server} がメールでコードを送りました。',
  cancelIn: '元のサーバーでは何も変わっていません。ここではグループは無効なままです。',
  doneIn: 'グループはこのサーバーに移りました',
  doneInHelp:
    'メンバー、役割、記録は以前のままです。{server} ではグループは無効です。そこで削除できます。',
  doneOut: 'グループは {server} に移りました',
  doneOutHelp:
    '選んだパスワードでそのサーバーにサインインしてください。ここではグループは無効で、誰も書き込めません。戻ってくる場合に備えて、メンバー、役割、記録は残ります。',
}
