/** The texts of the page on archives of a group that are not those of an account, in Japanese. */
import type { GroupArchiveTexts } from '#src/gateway/pages/archives/group/locales/en.ts'

export const ja: GroupArchiveTexts = {
  bucketHelp:
    '変更があった場合、サーバーは1日に1回、グループの署名付きコピーをバケットに保存します。内容は投稿などのレコード、ファイル、設定です。メンバー、役割、鍵は含まれません。古いコピーは、直近の7日分、4週分、12か月分のそれぞれ最後のものが残ります。',
  yourBucket: 'グループのバケット',
  stopped: 'グループのアーカイブを停止しました。',
  restoreHelp:
    'フォルダーはそのままにしてください。各アーカイブには内容の署名付きリストがあります。復元するには、このサーバー、またはHeadwaterを使う別のサーバーの管理者に渡してください。メンバーと役割は変わりません。',
}
