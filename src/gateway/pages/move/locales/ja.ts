/** The texts of the pages on moving to and from other servers in Japanese. */
import type { MoveTexts } from '#src/gateway/pages/move/locales/en.ts'

export const ja: MoveTexts = {
  moveHere: 'アカウントをここに移行',
  moveHereHelp:
    'フォロワー、投稿、画像、設定もいっしょに移ります。最後の手順まで、元のサーバーでは何も変わりません。',
  accountNow: '現在のアカウント',
  identifier: 'ハンドル',
  oldPassword: '元のサーバーのパスワード',
  oldPasswordHelp:
    'アプリパスワードではなく、アカウントのパスワードです。そのサーバーにだけ送信され、保存されません。',
  factorCode: 'そのサーバーのサインインコード',
  factorHelp: 'サインイン時にコードをメールで送るサーバーの場合のみ必要です。',
  accountHere: 'ここでのアカウント',
  name: '名前',
  domain: 'ドメイン',
  keepHandle: '自分のドメイン: ハンドルをそのまま使う',
  email: 'メールアドレス',
  newPassword: 'このサーバーの新しいパスワード',
  passwordHelp: '8文字以上。',
  inviteCode: '招待コード',
  start: '移行を始める',
  noAccountYet: '代わりに新しいアカウントを作成',
  haveBegun: 'すでに始めています: 続ける',
  inviteLead:
    '{server} のアカウント @{handle} は、このサーバーへの引っ越しに招待されています。フォロワー、投稿、画像、設定も一緒に移ります。',
  inviteGone: 'このリンクは無効になりました。受け取った先に新しいリンクを依頼してください。',
  inviteEmailHelp: '空欄の場合は、元のサーバーのメールアドレスを使います。',
  mailSubject: 'アカウント @{handle} の {here} への引っ越し',
  mailText:
    '{server} のアカウント @{handle} は、フォロワー、投稿、画像とともに {here} へ引っ越すよう招待されています。{server} のパスワードを用意して、次のリンクを開いてください。',
  mailAfter:
    '引っ越しを確定するまで、{server} では何も変わりません。引っ越しを希望しない場合は、このメールを無視してください。',
  noSuchAccount: 'このアカウントは見つかりませんでした。ハンドルを確認してください。',
  existsHere:
    'このアカウントはこのサーバーにすでにあります。このサーバーのパスワードでサインインし、「移行」を開いてください。',
  alreadyHere: 'このアカウントのIDはすでにこのサーバーを示しています。',
  wrongPassword: 'パスワードが間違っています。',
  codeNeeded:
    'そのサーバーがコードをメールで送りました。コードと、パスワードをもう一度入力してください。',
  badServer: 'このサーバーは使えません: {reason}',
  importsClosed: 'このサーバーは他のサーバーのアカウントを受け入れていません。',
  passwordShort: 'パスワードは8文字以上必要です。',
  moveAway: '別のサーバーに移行',
  moveAwayHelp:
    'フォロワー、投稿、画像はそのままです。まずアカウントがコピーされ、誰にも気づかれません。コードで確認したときに初めて移行されます。',
  newServer: '新しいサーバーのアドレス',
  newServerHelp:
    '例: pds.example.com。招待コードが必要かどうかは、そのサーバーで確認してください。',
  next: '次へ',
  accountAt: '{server} でのアカウント',
  passwordThere: '新しいサーバーのパスワード',
  otherServer: '別のサーバーを選ぶ',
  bringBack: 'このサーバーに戻る',
  bringBackHelp: 'アカウントは現在 {server} にあります。データをここにコピーして戻します。',
  movingTo: '{server} へ移行中',
  movingFrom: '{server} から移行中',
  leaveOpen: 'このページを閉じてもコピーは続きます。ここでいつでも確認できます。',
  stepRepo: '投稿とその他の記録',
  stepBlobs: '画像とその他のファイル',
  stepPreferences: 'アプリの設定',
  stepIdentity: 'ID (DID)',
  stepActivate: '新しいサーバーで有効化',
  stepDeactivate: '元のサーバーで無効化',
  nOf: '{n} / {total}',
  done: '完了',
  now: '進行中',
  yourTurn: 'あなたの番です',
  stopped: '停止',
  skipped: 'コピーされません',
  missing: '{n} 個のファイルをコピーできませんでした',
  missingHelp:
    '元のサーバーにもうないか、新しいサーバーが受け付けません。このまま続けると、投稿にこれらのファイルは含まれません。',
  noPreferences: 'どちらかのサーバーがアプリの設定を保存していません。',
  stoppedBecause: '移行が停止しました: {reason}',
  continue: '続ける',
  sessionOver:
    '{server} のセッションが終了しました。続けるには、そのサーバーのパスワードを入力してください。',
  passwordAt: '{server} のパスワード',
  confirmTitle: '移行を確認',
  confirmHelp:
    'すべてコピーされました。IDを移すには、{server} がメールで送るコードを入力してください。その後、アカウントは新しいサーバーで有効になり、元のサーバーで無効になります。',
  sendCode: 'コードを送信',
  codeSent: '{server} があなたのメールアドレスにコードを送りました。',
  code: 'メールのコード',
  wrongCode: 'コードが間違っているか、期限切れです。',
  moveNow: '今すぐ移行',
  copyAgain: 'もう一度コピー',
  ownDidTitle: 'DIDドキュメントを変更',
  ownDidHelp:
    'あなたのIDは did:web で、あなただけが変更できます。これらの値をドキュメントに公開してから続けてください。',
  signingKey: '署名鍵',
  endpoint: 'PDSのアドレス',
  published: '公開しました',
  cancel: '移行をやめる',
  cancelIn:
    '元のサーバーでは何も変わっていません。ここで新しく作られたアカウントは3日以内に削除されます。',
  cancelOut: '{server} のコピーは無効なまま残ります。このサーバーでは何も変わっていません。',
  doneIn: 'アカウントはこのサーバーに移りました',
  doneInHelp:
    '{handle} とこのサーバーのパスワードで、アプリにもう一度サインインしてください。{server} ではアカウントは無効です。そこで削除できます。',
  doneOut: 'アカウントは {server} に移りました',
  doneOutHelp:
    'そのサーバーのパスワードで、アプリにもう一度サインインしてください。ここではアカウントは無効です。移行先ですべて動くことを確認したら、このコピーを削除できます。',
  deleteCopy: 'このコピーを削除',
  close: '閉じる',
}
