"""What went wrong, by the `code` of an answer of the server: a sentence, and what to do about it.

`{detail}` and `{message}` are the answer's own.
"""

from __future__ import annotations

PROBLEMS: dict[str, tuple[str, str]] = {
    # who asks
    "sign_in": ("请先登录。", "Sign in first."),
    "wrong_password": ("账号或密码不正确。", "The login or the password is wrong."),
    "wrong_old_password": ("原密码不正确。", "The old password is wrong."),
    "weak_password": (
        "密码太容易被猜到：至少 {detail} 个字符，不能与账号相同，也不能只是重复几个字符。",
        "This password is too easily guessed: at least {detail} characters, not the login, not a few repeated ones.",
    ),
    "bad_login": (
        "账号应为 2 至 100 个字母、数字、汉字或 . @ + - _ 符号。",
        "A login has 2 to 100 letters, digits or . @ + - _.",
    ),
    "too_many": ("尝试次数过多，请 {detail} 秒后再试。", "Too many attempts; try again in {detail} seconds."),
    "link_used": (
        "此链接已使用过或已过期，请向管理员索取新的链接。",
        "This link has been used or is too old; ask your administrator for a new one.",
    ),
    "csrf": ("页面已过期，请刷新后重试。", "The page is out of date; load it again."),
    "other_site": ("该请求来自其他网站，已拒绝。", "This was asked for by another site and was refused."),
    "wrong_host": (
        "服务器未登记此域名：启动时请加上 --name 域名。",
        "The server does not know this host name: start it with --name NAME.",
    ),
    "not_allowed": ("您的角色没有此项权限。", "Your role may not do this."),
    "in_person": ("此操作须登录后在网页上进行。", "This can only be done by a person who is signed in."),
    "token_reads": ("此令牌只能读取。", "This token is for reading only."),
    "too_many_tokens": ("令牌数量已达上限，请先删除不用的。", "There are too many tokens; delete one first."),
    # people and organisations
    "login_taken": ("此账号已被使用，请换一个。", "This login is taken; choose another one."),
    "name_taken": ("已有同名单位。", "An organisation of this name is there already."),
    "last_administrator": ("至少要保留一名在用的管理员。", "One active administrator must remain."),
    # runs and layers
    "bad_role": ("没有这种角色。", "There is no such role."),
    "job_not_stopped": (
        "只有失败或已取消的检索可以继续。",
        "Only a run that failed or was cancelled can be tried again.",
    ),
    "task_died": (
        "处理程序在同一处多次中断，日志中有详细信息；可以重试。",
        "The process died several times at the same place; the log says more. It can be tried again.",
    ),
    "too_long": ("处理时间过长，已停止。", "This took too long and was stopped."),
    "bug": ("服务器程序出错，日志中有详细信息。", "The server itself failed; the log says more."),
    "too_many_runs": (
        "本单位已有 {detail} 个检索在排队，请稍后再提交。",
        "{detail} runs of your organisation are waiting already; ask again later.",
    ),
    "job_ended": ("这次检索已经结束。", "This run has ended already."),
    "nothing_stored": ("该航次还没有任何文件上传完成。", "No file of this flight has arrived yet."),
    "not_complete": (
        "该航次还有文件未上传完成；可以等待，或只检索已上传的部分。",
        "Files of this flight are still on their way; wait for them, or search what has arrived.",
    ),
    "layer_not_ready": ("所选地形模型尚未准备好。", "That terrain model is not ready."),
    "too_many_layers": (
        "图层已达 {detail} 个，请先删除不用的。",
        "There are {detail} layers already; delete one first.",
    ),
    "layer_busy": ("该图层正在处理，完成后才能删除。", "This layer is being prepared; delete it when that has ended."),
    "tile_damaged": ("该瓦片无法读取，文件可能已损坏。", "This tile cannot be read; the file may be damaged."),
    # what was asked for
    "not_found": ("没有找到，可能已被删除。", "It is not there, or no longer."),
    "not_allowed_here": ("此地址不支持这种操作。", "This cannot be done at this address."),
    "invalid": ("填写的内容有误：{message}", "Something in this is wrong: {message}"),
    "json": ("请求须为 JSON 格式。", "The request must be JSON."),
    "too_large": ("一次提交的内容过多。", "This is too much at once."),
    "refused": ("请求被拒绝：{message}", "The request was refused: {message}"),
    "busy": ("服务器正忙，请稍后再试。", "The server is busy; try again in a moment."),
    "server_error": (
        "服务器出错，请稍后再试；原因见服务器日志。",
        "The server failed at this; its log says why. Try again later.",
    ),
    "unexpected": ("意外的回应：{message}", "An unexpected answer: {message}"),
    "unreadable": (
        "浏览器读不出这个文件：可能存储卡已拔出，或文件正被占用。",
        "The browser cannot read this file: is the card still in, or does another program hold it?",
    ),
    "layer_other_file": ("这不是开始上传时的那个文件。", "This is not the file whose upload was begun."),
    "unreachable": ("连接不上服务器，请检查网络。", "The server cannot be reached; check the network."),
    # files that are not taken, and uploads
    "name_bad": (
        "文件名含有不允许的字符，或路径超出了所选文件夹。",
        "The name holds characters that are not allowed, or leads out of the folder.",
    ),
    "name_reserved": ("文件名是 Windows 保留的名称。", "The name is one that Windows keeps for itself."),
    "name_long": ("文件名或路径过长。", "The name or the path is too long."),
    "name_hidden": ("隐藏文件，不需要上传。", "A hidden file; it is not needed."),
    "name_case": (
        "同一文件夹中已有仅大小写不同的同名文件。",
        "Another file of this folder has the same name but for capital letters.",
    ),
    "folder_taken": ("该名称与已有的文件或文件夹冲突。", "A file and a folder cannot have the same name."),
    "other_stored": (
        "本航次中已存有同名但内容不同的文件；请放入另一个文件夹，或新建航次。",
        "This flight has another file of this name already; put it into a folder of its own, or make a new flight.",
    ),
    "too_many_files": ("本航次的文件数量已达上限。", "This flight has as many files as it may."),
    "kind_unknown": (
        "不是航次所需的文件（照片、视频、字幕、飞行日志或 mission.toml）。",
        "Not a file of a flight (photo, video, subtitles, flight log or mission.toml).",
    ),
    "file_empty": ("文件为空。", "The file is empty."),
    "file_too_large": ("文件超过允许的大小。", "The file is larger than is allowed."),
    "wrong_bytes": (
        "收到的内容与浏览器计算的 SHA-256 不一致，已删除，请重新上传。",
        "What arrived is not what the browser had hashed; it was removed, send it again.",
    ),
    "wrong_kind": ("文件内容与扩展名不符。", "What is in the file is not what its name says."),
    "too_many_pixels": ("图片的像素数超过允许的上限。", "The picture claims more pixels than are allowed."),
    "mission_bad": ("mission.toml 有误：{message}", "mission.toml is not right: {message}"),
    "mission_outside": (
        "mission.toml 引用了本航次之外的文件或计算机，不予接收。",
        "mission.toml names files or machines outside of its flight.",
    ),
    "stored": ("文件已经保存。", "This file is stored already."),
    "running": ("本航次正在检索，请先取消检索。", "A run of this flight is under way; cancel it first."),
    "disk_full": (
        "服务器磁盘空间不足；腾出空间后可从中断处继续上传。",
        "The server's disk is full; free some space, and the upload goes on where it stopped.",
    ),
    "upload_busy": ("该文件正由另一个页面上传。", "Another page is sending this file."),
    "upload_moved": ("上传位置已变化，将自动继续。", "The upload has moved on meanwhile; it continues by itself."),
    "upload_gone": ("上传已过期，请重新上传。", "This upload is too old; send the file again."),
    "other_size": ("文件大小与登记的不一致。", "The size is not the one that was declared."),
    "more_bytes": ("发送的内容超过登记的大小。", "These are more bytes than were declared."),
    "not_offered": ("不支持这种上传方式：{message}", "This way to upload is not offered: {message}"),
    "tus_version": ("上传协议版本不符。", "The version of the upload protocol is another one."),
    "tus_type": ("上传内容的类型不符。", "The type of the upload is another one."),
    "tus_numbers": ("上传请求缺少长度或位置。", "The upload says neither its length nor its place."),
    # a finished run, and officers' work on it
    "not_done": ("这次检索尚未完成。", "This run is not finished."),
    "original_gone": ("原始文件已不在服务器上。", "The original is not on this server any more."),
    "pinned_already": ("此处已有同样的点位。", "This very place is a hit already."),
    "nothing_to_undo": ("没有可撤销的操作。", "There is nothing of yours to take back."),
    "nothing_to_redo": ("没有可重做的操作。", "There is nothing of yours to bring back."),
    # what the search itself says
    "PipelineError": ("无法处理：{message}", "This cannot be done: {message}"),
    "MissionError": ("航次数据无法使用：{message}", "The flight cannot be used: {message}"),
    "ImageryError": ("图片无法读取：{message}", "The picture cannot be read: {message}"),
    "NoPoseError": ("无法确定拍摄位置或姿态：{message}", "Where the camera was is not known: {message}"),
    "ModelError": ("识别模型无法使用：{message}", "The detector cannot be used: {message}"),
    "GeometryError": ("该点无法定位到地面：{message}", "This point cannot be put on the ground: {message}"),
    "ScoreError": ("评分无法进行：{message}", "It cannot be scored: {message}"),
    "ContestError": ("竞赛操作无法进行：{message}", "The contest does not allow this: {message}"),
    "OutputError": ("结果无法写入（磁盘可能已满）：{message}", "It cannot be written (is the disk full?): {message}"),
}
