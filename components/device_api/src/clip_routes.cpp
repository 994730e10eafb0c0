// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "answers.h"
#include "body.h"
#include "device_api/api.h"
#include "streams.h"
#include "target.h"

namespace device_api {
namespace {

constexpr char kCaching[] = "private, max-age=86400";

/// A finished clip never changes.
std::string Tag(const std::string& name, uint64_t size) { return '"' + name + '-' + std::to_string(size) + '"'; }

struct ByteRange {
  uint64_t first;
  uint64_t count;
};

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// One range of bytes (RFC 9110, section 14.1.2); several, or what is none, count as no Range at all.
/// @return a count of 0 where it lies behind the end.
std::optional<ByteRange> ParseRange(std::string_view field, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit)) return std::nullopt;
  field.remove_prefix(kUnit.size());
  const size_t dash = field.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view from = field.substr(0, dash), to = field.substr(dash + 1);
  if (from.empty()) {
    const auto last = Number(to);
    if (!last) return std::nullopt;
    const uint64_t count = std::min(*last, size);
    return ByteRange{size - count, count};
  }
  const auto first = Number(from);
  const auto last = to.empty() ? std::optional(UINT64_MAX) : Number(to);
  if (!first || !last || *last < *first) return std::nullopt;
  if (*first >= size) return ByteRange{0, 0};
  return ByteRange{*first, std::min(*last, size - 1) - *first + 1};
}

}  // namespace

Response Api::GetClips(const Call& call) {
  Query query(call.query);
  const auto limit = static_cast<size_t>(query.Integer("limit", 1, clip_store::ClipStore::kMostListed, 20));
  const std::string before = query.Text("before", 64);
  if (const std::string wrong = query.problem(); !wrong.empty()) return Problem(400, wrong);
  return NeedClips([&](clip_store::ClipStore& store) {
    const auto clips = store.ListClips(before, limit);
    if (!clips) return Problem(clips.error(), before.empty() ? "clips" : before);
    const std::string recording = store.status().recording;
    return JsonAnswer([&](base::JsonWriter& json) {
      json.Key("clips");
      json.BeginArray();
      for (const clip_store::Clip& clip : *clips) {
        json.BeginObject();
        json.Field("name", std::string_view(clip.name()));
        json.Field("event", std::string_view(clip.id().Text()));
        const auto utc_s = clip.utc_s();
        json.Field("utc", utc_s ? std::optional(clip_store::UtcText(*utc_s * 1000)) : std::nullopt);
        json.Field("bytes", clip.bytes);
        json.Field("starred", clip.starred);
        json.Field("recording", clip.name() == recording);
        json.EndObject();
      }
      json.EndArray();
      json.Field("next", clips->size() == limit ? std::optional(clips->back().name()) : std::nullopt);
    });
  });
}

Response Api::GetClip(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const std::string& name = call.names[0];
  return NeedClips([&](clip_store::ClipStore& store) {
    auto reader = store.OpenClip(name);
    if (!reader) return Problem(reader.error(), name);
    const uint64_t size = (*reader)->size();
    const std::string tag = Tag(name, size);
    Response response;
    response.headers = {{"Content-Type", "audio/wav"},
                        {"Content-Disposition", "inline; filename=\"" + name + '"'},
                        {"Accept-Ranges", "bytes"},
                        {"Cache-Control", kCaching},
                        {"ETag", tag}};
    if (call.request.if_none_match == tag) {
      response.status = 304;
      return response;
    }
    const std::string& of = call.request.if_range;
    const auto range = of.empty() || of == tag ? ParseRange(call.request.range, size) : std::nullopt;
    if (range && range->count == 0) {
      Response refusal = Problem(416, "Range: the clip has " + std::to_string(size) + " bytes");
      refusal.headers.push_back({"Content-Range", "bytes */" + std::to_string(size)});
      return refusal;
    }
    const ByteRange wanted = range.value_or(ByteRange{0, size});
    if (range) {
      response.status = 206;
      response.headers.push_back({"Content-Range", "bytes " + std::to_string(wanted.first) + "-" +
                                                       std::to_string(wanted.first + wanted.count - 1) + "/" +
                                                       std::to_string(size)});
    }
    response.length = wanted.count;
    response.stream = ClipStream(*std::move(reader), wanted.first, wanted.count);
    return response;
  });
}

Response Api::GetPeaks(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const std::string& name = call.names[0];
  return NeedClips([&](clip_store::ClipStore& store) {
    auto reader = store.OpenClip(name);
    if (!reader) return Problem(reader.error(), name);
    Response response;
    const std::string tag = Tag(name, (*reader)->size());
    response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", kCaching}, {"ETag", tag}};
    if (call.request.if_none_match == tag) {
      response.status = 304;
    } else if (const auto known = peaks_.Find(name)) {
      response.body = known->Json();
    } else {
      response.stream = PeakStream(name, *std::move(reader), peaks_);
    }
    return response;
  });
}

Response Api::GetClipDigest(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const std::string& name = call.names[0];
  return NeedClips([&](clip_store::ClipStore& store) {
    auto reader = store.OpenClip(name);
    if (!reader) return Problem(reader.error(), name);
    Response response;
    response.headers = {
        {"Content-Type", "application/json"}, {"Cache-Control", kCaching}, {"ETag", Tag(name, (*reader)->size())}};
    response.stream = ClipDigestStream(*std::move(reader));
    return response;
  });
}

Response Api::DeleteClip(const Call& call) {
  return NeedClips([&](clip_store::ClipStore& store) {
    const auto removed = store.Remove(call.names[0]);
    return removed ? NothingToSay() : Problem(removed.error(), call.names[0]);
  });
}

Response Api::PutStar(const Call& call) {
  bool starred = false;
  if (auto read = ReadBody(call.request.body, {{"starred", &starred}}); !read) return std::move(read.error());
  return NeedClips([&](clip_store::ClipStore& store) {
    const auto set = store.Star(call.names[0], starred);
    return set ? NothingToSay() : Problem(set.error(), call.names[0]);
  });
}

Response Api::PostFormat(const Call& call) {
  if (const std::string wrong = Query(call.query).problem(); !wrong.empty()) return Problem(400, wrong);
  const std::string& volume = call.names[0];
  return NeedClips([&](clip_store::ClipStore& store) {
    const auto asked = store.RequestFormat(volume);
    if (!asked && asked.error() == clip_store::StorageError::kReadOnly)
      return Problem(409, volume + ": it is its owner's, and never formatted here");
    if (!asked && asked.error() == clip_store::StorageError::kBusy)
      return Problem(409, volume + ": it needs no format; status has its state");
    if (!asked) return Problem(asked.error(), volume);
    Response response = NothingToSay();
    response.status = 202;
    return response;
  });
}

}  // namespace device_api
