namespace hadal::bench {}
